import { createHash, timingSafeEqual } from "node:crypto";
import type { PasswordHasher } from "../users/password-hasher.ts";

const fastScheme = "sha256$";

/** Of a secret that an administrator has chosen: as slow as a password's. */
export async function hashChosenSecret(secret: string, hasher: PasswordHasher): Promise<string> {
  return secret === "" ? "" : hasher.hash(secret);
}

/** Of the configuration's: those are long and random, so a guess is as hopeless with a fast digest. */
export function hashConfiguredSecret(secret: string): string {
  return secret === "" ? "" : `${fastScheme}${digest(secret).toString("base64url")}`;
}

/** A public client, with the empty hash, is known by giving no secret. */
export async function isSecretOf(
  secretHash: string,
  secret: string,
  hasher: PasswordHasher,
): Promise<boolean> {
  if (secretHash === "") return secret === "";
  if (!secretHash.startsWith(fastScheme)) return hasher.isRight(secretHash, secret);
  const expected = Buffer.from(secretHash.slice(fastScheme.length), "base64url");
  const found = digest(secret);
  return expected.length === found.length && timingSafeEqual(expected, found);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
