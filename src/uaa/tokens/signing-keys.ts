import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  randomUUID,
  type KeyObject,
} from "node:crypto";
import { exportJWK, jwtVerify, SignJWT, type JWTPayload } from "jose";
import type { Kysely } from "kysely";
import { promisify } from "node:util";
import type { UaaSchema } from "../database/schema.ts";
import { deadToken } from "../uaa-error.ts";

const algorithm = "RS256";
const modulusBits = 2_048;

interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
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

/** The keys that tokens are signed with: the newest signs, all are published and verify. Kept in the database. */
export class SigningKeys {
  readonly #keys: readonly SigningKey[];
  readonly #current: SigningKey;

  private constructor(keys: readonly SigningKey[], current: SigningKey) {
    this.#keys = keys;
    this.#current = current;
  }

  /** Makes a key where there is none yet. */
  static async load(db: Kysely<UaaSchema>, now: number): Promise<SigningKeys> {
    const rows = await db.selectFrom("signingKeys").selectAll().orderBy("createdAt").execute();
    if (rows.length === 0) {
      const row = { kid: randomUUID(), privateKey: await generatePem(), createdAt: now };
      await db.insertInto("signingKeys").values(row).execute();
      rows.push(row);
    }
    const keys = rows.map((row) => {
      const privateKey = createPrivateKey(row.privateKey);
      return { kid: row.kid, privateKey, publicKey: createPublicKey(privateKey) };
    });
    const current = keys.at(-1);
    if (current === undefined) throw new Error("Cannot sign tokens: there is no key");
    return new SigningKeys(keys, current);
  }

  sign(claims: JWTPayload, tokenKeysUrl: string): Promise<string> {
    const { kid, privateKey } = this.#current;
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
      const { payload } = await jwtVerify(
        token,
        ({ kid }) => {
          // The key comes from our own table, never from what the header points to.
          const key = this.#keys.find((candidate) => candidate.kid === kid);
          if (key === undefined) throw deadToken();
          return key.publicKey;
        },
        {
          algorithms: [algorithm],
          issuer,
          currentDate: now,
          requiredClaims: ["exp", "iat", "jti", "sub"],
        },
      );
      return payload;
    } catch {
      throw deadToken();
    }
  }

  async published(): Promise<readonly PublishedKey[]> {
    return Promise.all(this.#keys.map(publish));
  }

  async publishedCurrent(): Promise<PublishedKey> {
    return publish(this.#current);
  }
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
