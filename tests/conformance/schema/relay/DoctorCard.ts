import { graphql } from "relay-runtime";

export const doctor = graphql`
  fragment DoctorCard_doctor on Doctor @argumentDefinitions(slots: { type: "Int", defaultValue: 3 }) {
    id
    specialty
    consultationFee {
      amount
      currency
    }
    user {
      name
    }
    nextSlots(first: $slots) {
      id
      start
      availableSeats
    }
  }
`;
