import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Clock } from "#kernel/clock/clock.ts";
import type { Logger } from "#kernel/log/logger.ts";
import { CfError } from "./cf-errors.ts";

/** How slowly a body may come: fewer bytes than `leastBytes` in `windowMs`, and the request is ended. 0 bytes: as slowly as it likes. */
export interface BodyPace {
  readonly windowMs: number;
  readonly leastBytes: number;
}

/** A window as long as the pause that nginx allows before Cloud Controller; 137 bytes a second are a bad line. */
export const defaultBodyPace: BodyPace = { windowMs: 60_000, leastBytes: 8 * 1024 };

interface PaceContext {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pace: BodyPace;
}

/**
 * Frees what a client holds that has stopped in the middle of a body, or sends a byte a second: the connection, and of an
 * upload what has come of it. nginx, which ends only the first kind, stands before the original. A body that waits because
 * this process does not read on is not its client's fault.
 */
export function requireBodyPace(app: FastifyInstance, context: PaceContext): void {
  if (context.pace.leastBytes === 0) return;
  app.addHook("onRequest", (request, reply, done) => {
    const { headers } = request;
    const hasBody = Number(headers["content-length"] ?? 0) > 0 || "transfer-encoding" in headers;
    if (hasBody) void watch(request, reply, context);
    done();
  });
}

async function watch(
  request: FastifyRequest,
  reply: FastifyReply,
  { clock, logger, pace }: PaceContext,
): Promise<void> {
  const { raw } = request;
  const over = endOfBody(raw, reply);
  for (let seen = raw.socket.bytesRead; ;) {
    try {
      await clock.sleep(pace.windowMs, over);
    } catch {
      return;
    }
    if (raw.complete) return;
    const { bytesRead } = raw.socket;
    const isHeldUpHere = raw.readableLength >= raw.readableHighWaterMark;
    if (!isHeldUpHere && bytesRead - seen < pace.leastBytes) break;
    seen = bytesRead;
  }
  logger.info("body-too-slow", { requestId: request.id, bytes: raw.socket.bytesRead });
  refuse(request, reply);
}

/** Aborted when no more of the body will come. Of a body that was not read, as of one that is too large, only the socket tells that. */
function endOfBody(raw: FastifyRequest["raw"], reply: FastifyReply): AbortSignal {
  const { socket } = raw;
  const over = new AbortController();
  const end = () => {
    socket.off("close", end);
    over.abort();
  };
  raw.once("end", end).once("close", end);
  reply.raw.once("close", () => {
    if (socket.destroyed) end();
    else if (!over.signal.aborted) socket.once("close", end);
  });
  return over.signal;
}

function refuse({ raw }: FastifyRequest, reply: FastifyReply): void {
  const { status, entries, message } = new CfError("RequestTimeout");
  const end = () => raw.destroy(new Error(message));
  if (reply.raw.headersSent) {
    end();
    return;
  }
  reply.hijack();
  reply.raw
    .writeHead(status, {
      "content-type": "application/json; charset=utf-8",
      "x-vcap-request-id": reply.request.id,
      connection: "close",
    })
    .end(JSON.stringify({ errors: entries }), end);
}
