import { CfError, unprocessable } from "./cf-errors.ts";

/** For the few endpoints that answer a bad query with 422, not 400: those of single routes and route policies. */
export function unprocessableQuery<Query>(parse: () => Query): Query {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof CfError)) throw error;
    throw unprocessable(error.message.replace("The query parameter is invalid: ", ""));
  }
}
