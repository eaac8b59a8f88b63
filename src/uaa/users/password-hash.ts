import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

/** scrypt's N; 16 MiB and some 50 ms each: the parameters are part of the hash, so they can grow. */
const defaultPasswordCost = 16_384;
const blockSize = 8;
const parallelization = 1;
const keyBytes = 32;
const maxPasswordBytes = 1_024;

/**
 * Longer ones are refused before any work is done on them; and those with a NUL, since HMAC, inside of scrypt, fills a
 * short key up with zeros: "secret" and "secret\0" would be the same password.
 */
export function isAcceptablePassword(password: string): boolean {
  return Buffer.byteLength(password) <= maxPasswordBytes && !password.includes("\0");
}

/** `scrypt$N$r$p$salt$key`, salt and key in base64url. */
export async function hashPassword(password: string, cost = defaultPasswordCost): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt, { N: cost, r: blockSize, p: parallelization });
  return [
    "scrypt",
    cost,
    blockSize,
    parallelization,
    salt.toString("base64url"),
    key.toString("base64url"),
  ].join("$");
}

/** False for a hash of another form, too. */
export async function isPasswordOf(hash: string, password: string): Promise<boolean> {
  if (!isAcceptablePassword(password)) return false;
  const [scheme, n, r, p, salt, key] = hash.split("$");
  if (scheme !== "scrypt" || salt === undefined || key === undefined) return false;
  const expected = Buffer.from(key, "base64url");
  const found = await derive(password, Buffer.from(salt, "base64url"), {
    N: Number(n),
    r: Number(r),
    p: Number(p),
  });
  return expected.length === found.length && timingSafeEqual(expected, found);
}

function derive(
  password: string,
  salt: Buffer,
  options: { readonly N: number; readonly r: number; readonly p: number },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, keyBytes, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
