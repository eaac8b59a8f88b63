import { z } from "zod";

const claimsSchema = z.looseObject({
  exp: z.number().optional(),
  user_name: z.string().optional(),
  user_id: z.string().optional(),
  origin: z.string().optional(),
  client_id: z.string().optional(),
  jti: z.string().optional(),
  revocable: z.boolean().optional(),
});

export type TokenClaims = z.infer<typeof claimsSchema>;

/** What "bearer HEADER.CLAIMS.SIGNATURE" says; the signature is the server's business. Undefined for anything else. */
export function parseAccessToken(token: string): TokenClaims | undefined {
  const parts = token.replace(/^bearer /i, "").split(".");
  const [, claims = ""] = parts;
  if (parts.length !== 3) return undefined;
  try {
    return claimsSchema.safeParse(JSON.parse(Buffer.from(claims, "base64url").toString("utf8")))
      .data;
  } catch {
    return undefined;
  }
}

/** Whether the token can still be sent: less than a minute of life left counts as none, as in the official client. */
export function isUsable(token: string, now: Date): boolean {
  const exp = parseAccessToken(token)?.exp;
  return exp !== undefined && exp * 1_000 - now.getTime() > 60_000;
}
