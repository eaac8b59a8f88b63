import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  randomUUID,
  type KeyObject,
} from "node:crypto";
import { promisify } from "node:util";
import { exportJWK, jwtVerify, SignJWT, type JWTPayload } from "jose";
import type { Kysely } from "kysely";
import type { UaaSchema } from "../database/schema.ts";
import { deadToken } from "../uaa-error.ts";

const algorithm = "RS256";
const modulusBits = 2_048;
/** A new key is published this long before it signs: those who have just fetched the keys wait 30 s to fetch again. */
const publishedBeforeSigningMs = 60_000;

interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** Milliseconds since the epoch: it signs from then on, until another one does. */
  readonly signsFrom: number;
}

/** A published key, in UAA's form: a JWK with the PEM beside it. */
export interface PublishedKey {
  readonly kty: string;
  readonly kid: string;
  readonly alg: string;
  readonly use: "sig";
  readonly value: string;
  readonly n: string;
  readonly e: string;
}

/**
 * The keys that tokens are signed with, kept in the database: the newest whose time has come signs, all are published
 * and verify. Another process may add one, so what is published, and what an unknown key id is looked for in, is read
 * anew.
 */
export class SigningKeys {
  readonly #db: Kysely<UaaSchema>;
  /** In the order of their `signsFrom`. */
  #keys: readonly SigningKey[] = [];

  private constructor(db: Kysely<UaaSchema>) {
    this.#db = db;
  }

  /** Makes a key where there is none yet. */
  static async load(db: Kysely<UaaSchema>, now: number): Promise<SigningKeys> {
    const keys = new SigningKeys(db);
    await keys.reload();
    if (keys.#keys.length === 0) await keys.#add(now, now);
    return keys;
  }

  async reload(): Promise<void> {
    const rows = await this.#db
      .selectFrom("signingKeys")
      .selectAll()
      .orderBy("signsFrom")
      .orderBy("createdAt")
      .orderBy("kid")
      .execute();
    const known = new Map(this.#keys.map((key) => [key.kid, key]));
    this.#keys = rows.map((row) => known.get(row.kid) ?? parseKey(row));
  }

  /** Adds a key that takes over in a minute; tokens of the older ones stay good until they expire. */
  async rotate(now: number): Promise<{ readonly kid: string; readonly signsFrom: number }> {
    return this.#add(now, now + publishedBeforeSigningMs);
  }

  /**
   * Drops keys that signed nothing which could still be valid: those that were replaced longer ago than a token lives.
   * @returns how many
   */
  async dropRetired(now: number, longestTokenMs: number): Promise<number> {
    await this.reload();
    const retired = this.#keys.filter((_key, index) => {
      const successor = this.#keys[index + 1];
      return successor !== undefined && successor.signsFrom + longestTokenMs < now;
    });
    for (const { kid } of retired) {
      await this.#db.deleteFrom("signingKeys").where("kid", "=", kid).execute();
    }
    if (retired.length > 0) await this.reload();
    return retired.length;
  }

  sign(claims: JWTPayload, tokenKeysUrl: string, now: number): Promise<string> {
    const { kid, privateKey } = this.#current(now);
    return new SignJWT(claims)
      .setProtectedHeader({ alg: algorithm, jku: tokenKeysUrl, kid, typ: "JWT" })
      .sign(privateKey);
  }

  /**
   * The claims of a token of ours that is valid now.
   * @throws UaaError `invalid_token` whatever is wrong with it
   */
  async verify(token: string, issuer: string, now: Date): Promise<JWTPayload> {
    try {
      // The key comes from our own table, never from what the header points to.
      const { payload } = await jwtVerify(token, ({ kid }) => this.#publicKey(kid), {
        algorithms: [algorithm],
        issuer,
        currentDate: now,
        requiredClaims: ["exp", "iat", "jti", "sub"],
      });
      return payload;
    } catch (error) {
      if (error instanceof DatabaseFailure) throw error.cause;
      throw deadToken();
    }
  }

  async published(): Promise<readonly PublishedKey[]> {
    await this.reload();
    return Promise.all(this.#keys.map(publish));
  }

  async publishedCurrent(now: number): Promise<PublishedKey> {
    return publish(this.#current(now));
  }

  async #publicKey(kid: string | undefined): Promise<KeyObject> {
    const known = this.#keys.find((key) => key.kid === kid);
    if (known !== undefined) return known.publicKey;
    try {
      await this.reload();
    } catch (error) {
      throw new DatabaseFailure("Cannot read the signing keys", { cause: error });
    }
    const added = this.#keys.find((key) => key.kid === kid);
    if (added === undefined) throw deadToken();
    return added.publicKey;
  }

  #current(now: number): SigningKey {
    const current = this.#keys.findLast((key) => key.signsFrom <= now) ?? this.#keys.at(0);
    if (current === undefined) throw new Error("Cannot sign tokens: there is no key");
    return current;
  }

  async #add(
    now: number,
    signsFrom: number,
  ): Promise<{ readonly kid: string; readonly signsFrom: number }> {
    const kid = randomUUID();
    await this.#db
      .insertInto("signingKeys")
      .values({ kid, privateKey: await generatePem(), createdAt: now, signsFrom })
      .execute();
    await this.reload();
    return { kid, signsFrom };
  }
}

/** That the keys cannot be read is not the token's fault. */
class DatabaseFailure extends Error {}

function parseKey(row: {
  readonly kid: string;
  readonly privateKey: string;
  readonly signsFrom: number;
}): SigningKey {
  const privateKey = createPrivateKey(row.privateKey);
  const publicKey = createPublicKey(privateKey);
  return { kid: row.kid, privateKey, publicKey, signsFrom: row.signsFrom };
}

async function publish({ kid, publicKey }: SigningKey): Promise<PublishedKey> {
  const { n = "", e = "" } = await exportJWK(publicKey);
  const value = publicKey.export({ type: "spki", format: "pem" }).toString();
  return { kty: "RSA", kid, alg: algorithm, use: "sig", value, n, e };
}

async function generatePem(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: modulusBits });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}
