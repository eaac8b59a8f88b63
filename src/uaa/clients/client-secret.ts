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

/** The hashes of a client's secrets, the older first: one, or two while it changes from one to the other. */
export function secretHashes(secretHash: string): readonly string[] {
  return secretHash.split(" ");
}

/**
 * A further secret, while the one before still holds.
 * @returns undefined where there is none or are two
 */
export function withSecondSecret(secretHash: string, second: string): string | undefined {
  return secretHash === "" || secretHashes(secretHash).length > 1
    ? undefined
    : `${secretHash} ${second}`;
}

/** @returns undefined where there are not two secrets */
export function withoutOlderSecret(secretHash: string): string | undefined {
  return secretHashes(secretHash)[1];
}

/** A public client, with the empty hash, is known by giving no secret. */
export async function isSecretOf(
  secretHash: string,
  secret: string,
  hasher: PasswordHasher,
): Promise<boolean> {
  if (secretHash === "") return secret === "";
  for (const hash of secretHashes(secretHash)) {
    if (await isHashOf(hash, secret, hasher)) return true;
  }
  return false;
}

async function isHashOf(
  secretHash: string,
  secret: string,
  hasher: PasswordHasher,
): Promise<boolean> {
  if (!secretHash.startsWith(fastScheme)) return hasher.isRight(secretHash, secret);
  const expected = Buffer.from(secretHash.slice(fastScheme.length), "base64url");
  const found = digest(secret);
  return expected.length === found.length && timingSafeEqual(expected, found);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
