import type { z } from "zod";
import type { Things } from "./things.ts";

type Group = "core" | "tenancy" | "services" | "beside the V3 API" | "uaa" | "log-cache";

/** What is sent: a path, or a path and a body (JSON, a form, or the text of a manifest). */
export type Call = string | readonly [path: string, body: unknown];

/**
 * What the endpoint is proved to refuse beside a missing token: a guid that nobody has (404), a query parameter or a
 * field that it does not know (400, 422), or something of its own.
 */
export type Refusal =
  | { readonly kind: "absent"; readonly resource: string }
  | { readonly kind: "query" }
  | { readonly kind: "field" }
  | {
      readonly kind: "own";
      readonly call: (things: Things) => Promise<Call> | Call;
      readonly status: number;
      readonly detail: RegExp;
    };

export interface Endpoint {
  readonly group: Group;
  /** As the reference writes it: `GET /v3/apps/:guid`. */
  readonly name: string;
  readonly call: (things: Things) => Promise<Call> | Call;
  readonly status: number;
  /** The whole answer, key by key; none for an answer without a body. */
  readonly shape?: z.ZodType;
  readonly refusal?: Refusal;
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of the administrator's token. */
  readonly authorization?: () => string;
  /** Answers without a token. */
  readonly isPublic?: boolean;
}

export const absent = (resource: string): Refusal => ({ kind: "absent", resource });
export const unknownQuery: Refusal = { kind: "query" };
export const unknownField: Refusal = { kind: "field" };

export const refuses = (
  status: number,
  detail: RegExp,
  call: (things: Things) => Promise<Call> | Call,
): Refusal => ({ kind: "own", call, status, detail });

/** Where Cloud Controller answers 422 to a query that it does not know, not 400. */
export const unprocessableQuery = (collection: string) =>
  refuses(422, /^Unknown query parameter\(s\): 'nope'\./, () => `/v3/${collection}?nope=1`);
