import { graphql } from "relay-runtime";

// Pagination at the root, and in the middle: the latter is fetched again through node(id:).
export const doctors = graphql`
  fragment DoctorList_query on Query
  @refetchable(queryName: "DoctorListPageQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 10 }, cursor: { type: "String" }, filter: { type: "DoctorFilter" }) {
    doctors(first: $count, after: $cursor, filter: $filter) @connection(key: "DoctorList_doctors", filters: ["filter"]) {
      edges {
        node {
          id
          ...DoctorCard_doctor @arguments(slots: 5)
        }
      }
    }
  }
`;

export const slots = graphql`
  fragment DoctorList_doctor on Doctor
  @refetchable(queryName: "DoctorListSlotsQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "String" }) {
    slots(first: $count, after: $cursor) @connection(key: "DoctorList_slots") {
      edges {
        node {
          id
          start
        }
      }
    }
  }
`;

export const list = graphql`
  query DoctorListQuery($filter: DoctorFilter, $doctor: ID!) {
    ...DoctorList_query @arguments(filter: $filter)
    doctor(id: $doctor) @required(action: LOG) {
      ...DoctorList_doctor
    }
  }
`;
