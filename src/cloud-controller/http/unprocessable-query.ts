import { CfError, unprocessable } from "./cf-errors.ts";

/** For what answers a bad query with 422, not 400: single routes, and lists of route policies, security groups, roles, users. */
export function unprocessableQuery<Query>(parse: () => Query): Query {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof CfError)) throw error;
    throw unprocessable(error.message.replace("The query parameter is invalid: ", ""));
  }
}
