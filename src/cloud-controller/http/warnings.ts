import type { FastifyReply } from "fastify";
import { cgiEscape } from "./cgi-escape.ts";

/** Texts for people beside an answer: each URL-encoded, so that clients may split at commas and decode. */
export function withWarnings(reply: FastifyReply, warnings: readonly string[]): void {
  if (warnings.length === 0) return;
  reply.header("X-Cf-Warnings", warnings.map(cgiEscape).join(","));
}
