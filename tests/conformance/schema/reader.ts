// A program that reads answers with the generated types: what is right compiles, and what is wrong does not.
import { PatientPreferencesDocument, type PatientPreferencesQuery, type PatientPreferencesQueryVariables } from "./graphql";

type Answer<Result> = { data: Result };
declare function ask<Result, Variables>(
  document: { __apiType?: (variables: Variables) => Result },
  variables: Variables,
): Answer<Result>;

const given: PatientPreferencesQueryVariables = { patient: "UGF0aWVudDox" };
const { data } = ask<PatientPreferencesQuery, PatientPreferencesQueryVariables>(PatientPreferencesDocument, given);
export const name: string = data.patient?.name ?? "";
export const day: string | null | undefined = data.patient?.ofAgeAt;
export const channels: readonly string[] = data.patient?.notificationChannels ?? [];
// @ts-expect-error: a patient that is not hers to see is null
export const certain: string = data.patient.name;
// @ts-expect-error: it was not asked for
export const unasked = data.patient?.id;
// @ts-expect-error: there is no patient without an id
ask<PatientPreferencesQuery, PatientPreferencesQueryVariables>(PatientPreferencesDocument, {});
