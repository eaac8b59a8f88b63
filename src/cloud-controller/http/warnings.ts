import type { FastifyReply } from "fastify";

/** Texts for people beside an answer: each URL-encoded, so that clients may split at commas and decode. */
export function withWarnings(reply: FastifyReply, warnings: readonly string[]): void {
  if (warnings.length === 0) return;
  const encoded = warnings.map((warning) => encodeURIComponent(warning).replaceAll("%20", "+"));
  reply.header("X-Cf-Warnings", encoded.join(","));
}
