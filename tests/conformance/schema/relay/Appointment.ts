import { graphql } from "relay-runtime";

export const seen = graphql`
  query AppointmentQuery($id: ID!) {
    node(id: $id) {
      __typename
      ... on Appointment {
        status
        patient {
          name
        }
        timeline {
          at
        }
      }
    }
    me {
      id
      name
    }
  }
`;

export const booked = graphql`
  mutation AppointmentBookMutation($input: BookAppointmentInput!, $connections: [ID!]!) {
    bookAppointment(input: $input) {
      appointment @prependNode(connections: $connections, edgeTypeName: "AppointmentEdge") {
        id
        status
        slot {
          id
          availableSeats
        }
      }
      userErrors {
        code
        field
        message
      }
    }
  }
`;

export const changed = graphql`
  subscription AppointmentChangedSubscription($id: ID!, $after: String) {
    appointmentChanged(appointmentId: $id, after: $after) {
      position
      appointment {
        id
        status
      }
    }
  }
`;
