// The dashboard page: who is signed in decides what there is to see.
import "./dashboard.css";
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { AllClinicsDocument, MeDocument, type MeQuery } from "../../generated/graphql";
import { onEnd, signIn, signOut, whoIsIt } from "../session.js";
import { ask } from "./api";
import { DoctorPage } from "./doctor";
import { ClinicPage, EverythingPage } from "./overview";
import { PatientPage } from "./patient";
import { lastMonth, RangePicker } from "./range";

// What this page needs; whoever signs in gets of it what her roles may have.
const SCOPES = [
  ...["openid", "profile", "provider:read", "clinic:read", "slot:read", "appointment:read", "appointment:write"],
  ...["patient:read", "payment:read", "dashboard:doctor", "dashboard:clinic", "dashboard:admin", "report:export"],
];

type Me = NonNullable<MeQuery["me"]>;
type View = { key: string; name: string } & ({ kind: "doctor" | "clinic"; id: string } | { kind: "everything" });

// The pages that there are for somebody, the first of which she sees first.
async function viewsOf(me: Me): Promise<View[]> {
  const scopes = new Set(me.scopes);
  const views: View[] = [];
  if (scopes.has("dashboard:admin")) views.push({ kind: "everything", key: "everything", name: "All clinics" });
  if (me.doctor && scopes.has("dashboard:doctor"))
    views.push({ kind: "doctor", id: me.doctor.id, key: me.doctor.id, name: "My day" });
  if (scopes.has("dashboard:clinic"))
    for (const { id, name } of scopes.has("dashboard:admin") ? await allClinics() : managedBy(me))
      views.push({ kind: "clinic", id, key: id, name });
  return views;
}

async function allClinics() {
  const { data } = await ask(AllClinicsDocument, {});
  return data.clinics.edges.map(({ node }) => node);
}

function managedBy(me: Me) {
  return (me.workplaces ?? []).flatMap(({ role, clinic }) => (role === "MANAGER" && clinic ? [clinic] : []));
}

function Dashboard() {
  const [me, setMe] = useState<Me | null>(); // undefined: not known yet
  const [views, setViews] = useState<View[]>([]);
  const [problem, setProblem] = useState("");
  const tell = (error: Error) => setProblem(error.message);

  useEffect(() => {
    const begin = async () => {
      const person = (await whoIsIt()) && (await ask(MeDocument, {})).data.me;
      if (person) setViews(await viewsOf(person));
      setMe(person);
    };
    begin().catch((error: Error) => (setMe(null), tell(error)));
    return onEnd(() => setMe(null));
  }, []);

  const leave = () => signOut().catch(() => setProblem("The server could not be told, but this page has forgotten you."));
  return (
    <>
      <header class="top">
        <h1>Clinicgraph</h1>
        {me && <span class="person">{me.name}</span>}
        {me && (
          <button type="button" class="quiet" onClick={leave}>
            Sign out
          </button>
        )}
      </header>
      <main>
        {problem && <p role="alert">{problem}</p>}
        {me === undefined && <p role="status">Loading …</p>}
        {me === null && <Welcome start={() => signIn(SCOPES).catch(tell)} />}
        {me && (views.length ? <Views views={views} /> : <Other me={me} />)}
      </main>
    </>
  );
}

function Welcome({ start }: { start: () => void }) {
  return (
    <section class="card narrow">
      <h2>Your clinic's day</h2>
      <p>Today's appointments as they happen, and the figures behind them. Please sign in to see yours.</p>
      <button type="button" onClick={start}>
        Sign in
      </button>
      <p class="note">
        Developers find the API in <a href="/graphql">GraphiQL</a>.
      </p>
    </section>
  );
}

function Views({ views }: { views: View[] }) {
  const [key, setKey] = useState(views[0]!.key);
  const [range, setRange] = useState(lastMonth);
  const view = views.find((each) => each.key === key) ?? views[0]!;
  return (
    <>
      <div class="controls">
        {views.length > 1 ? (
          <label>
            <span class="hidden">Show</span>
            <select value={view.key} onChange={(event) => setKey(event.currentTarget.value)}>
              {views.map((each) => (
                <option key={each.key} value={each.key}>
                  {each.name}
                </option>
              ))}
            </select>
          </label>
        ) : (
          <strong>{view.name}</strong>
        )}
        <RangePicker range={range} choose={setRange} />
      </div>
      {view.kind === "everything" && <EverythingPage range={range} />}
      {view.kind === "doctor" && <DoctorPage key={view.id} doctorId={view.id} range={range} />}
      {view.kind === "clinic" && <ClinicPage key={view.id} clinicId={view.id} range={range} />}
    </>
  );
}

function Other({ me }: { me: Me }) {
  if (me.patient) return <PatientPage name={me.name} />;
  return (
    <section class="card narrow">
      <p>There is no dashboard for you, {me.name}. Those who manage a clinic have one.</p>
    </section>
  );
}

const root = document.getElementById("dashboard")!;
root.replaceChildren();
render(<Dashboard />, root);
