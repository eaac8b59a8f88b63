import { isUniqueViolation } from "#db/database-error.ts";

/**
 * For the `catch` of a write: where the row's name, or another unique column, is taken, the refusal is thrown in place of the
 * database's error. The index decides, not a question beforehand: of two requests at once one is refused.
 */
export function whereTaken(refusal: () => Error): (error: unknown) => never {
  return (error) => {
    throw isUniqueViolation(error) ? refusal() : error;
  };
}
