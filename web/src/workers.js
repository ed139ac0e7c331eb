// Monaco asks for a worker by the language of the editor; WORKER_FILES (name to hashed file) comes from build.mjs.
const byLanguage = { graphql: "graphql.worker.js", json: "json.worker.js" };

globalThis.MonacoEnvironment = {
  getWorker(_module, language) {
    const file = WORKER_FILES[byLanguage[language] ?? "editor.worker.js"];
    return new Worker(new URL(file, import.meta.url));
  },
};
