import { UaaError } from "../uaa-error.ts";

/** RFC 6749, 3.2: a parameter must not be given twice. */
export function optionalParameter(form: URLSearchParams, name: string): string | undefined {
  const values = form.getAll(name);
  if (values.length > 1) {
    throw new UaaError("invalid_request", `The parameter ${name} was given more than once`);
  }
  return values[0];
}
