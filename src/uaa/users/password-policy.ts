import { UaaError } from "../uaa-error.ts";
import { isAcceptablePassword } from "./password-hash.ts";

/** UAA's default, counted as there, but for its minimum of none: an empty password is the lack of one. */
const minCharacters = 1;
const maxCharacters = 255;

/** @throws UaaError `invalid_password`, with UAA's texts, for what cannot become a password */
export function requirePasswordPolicy(password: string): void {
  if (password.length < minCharacters) {
    throw new UaaError(
      "invalid_password",
      `Password must be at least ${minCharacters} characters in length.`,
    );
  }
  if (password.length > maxCharacters) {
    throw new UaaError(
      "invalid_password",
      `Password must be no more than ${maxCharacters} characters in length.`,
    );
  }
  if (!isAcceptablePassword(password)) {
    throw new UaaError("invalid_password", "Password must not contain a NUL character.");
  }
}
