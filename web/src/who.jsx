import { useEffect, useState } from "react";
import { onEnd, signIn, signOut, whoIsIt } from "./session.js";

const ROLES = { PATIENT: "patient", DOCTOR: "doctor", STAFF: "staff", MANAGER: "manager", ADMIN: "administrator" };

// The top of the page: the product's name, who is signed in, and the button that changes it.
export function Who() {
  const [person, setPerson] = useState(undefined); // undefined: not known yet
  const [problem, setProblem] = useState("");

  useEffect(() => {
    const shown = (error) => setProblem(error.message);
    whoIsIt().then(setPerson, (error) => (setPerson(null), shown(error)));
    return onEnd(() => setPerson(null));
  }, []);

  const start = () => signIn().catch((error) => setProblem(error.message));
  const end = () => signOut().catch(() => setProblem("The server could not be told, but this page has forgotten you."));

  return (
    <header className="who">
      <strong>Clinicgraph</strong>
      {problem && <span role="alert">{problem}</span>}
      {person && (
        <span className="person">
          {person.name} <small>{(person.roles ?? []).map((role) => ROLES[role] ?? role).join(", ")}</small>
        </span>
      )}
      {person === null && <span className="person">You see what everybody sees</span>}
      {person !== undefined && (
        <button type="button" onClick={person ? end : start}>
          {person ? "Sign out" : "Sign in"}
        </button>
      )}
    </header>
  );
}
