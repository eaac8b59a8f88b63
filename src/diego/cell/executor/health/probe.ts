import { request } from "node:http";
import { connect } from "node:net";
import type { Check } from "#diego/models/desired-lrp.ts";
import type { Clock } from "#kernel/clock/clock.ts";
import { DeadlineExceeded, withDeadline } from "#kernel/clock/deadline.ts";
import { StepFailure } from "../steps/step.ts";

const defaultTimeoutMs = 1_000;

/** Where a port of a container is reached from the cell. */
interface ProbeTarget {
  readonly address: string;
  reachablePort(containerPort: number): number;
}

export interface ProbeParts {
  readonly target: ProbeTarget;
  readonly clock: Clock;
}

/**
 * One try of a check, from outside of the container: an app that listens on its loopback alone does not pass.
 *
 * @throws `StepFailure` with the reason as the original's health check words it
 */
export async function probe(parts: ProbeParts, check: Check, signal: AbortSignal): Promise<void> {
  const timeoutMs =
    (check.kind === "tcp" ? check.connectTimeoutMs : check.requestTimeoutMs) || defaultTimeoutMs;
  const attempt = attemptText(parts.target, check);
  const { clock } = parts;
  try {
    await withDeadline({ clock, ms: timeoutMs, signal }, (limited) =>
      check.kind === "tcp"
        ? connectTo(parts.target, check.port, limited)
        : getFrom(parts, check, limited),
    );
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof DeadlineExceeded) {
      throw new StepFailure(`${attempt}: timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`);
    }
    throw new StepFailure(`${attempt}: ${reasonOf(error)}`, { cause: error });
  }
}

class UnexpectedStatus extends Error {}

async function connectTo(target: ProbeTarget, port: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({ host: target.address, port: target.reachablePort(port) });
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  socket.once("connect", resolve);
  socket.on("error", reject);
  try {
    await promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
    socket.destroy();
  }
}

async function getFrom(
  { target, clock }: ProbeParts,
  check: Check & { readonly kind: "http" },
  signal: AbortSignal,
): Promise<void> {
  const startedAt = clock.now().getTime();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const get = request({
    host: target.address,
    port: target.reachablePort(check.port),
    path: check.path.startsWith("/") ? check.path : `/${check.path}`,
    headers: { "user-agent": "diego-healthcheck", "x-forwarded-proto": "https" },
    agent: false,
  });
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  get.once("response", (response) => resolve(response.statusCode ?? 0));
  get.on("error", reject);
  get.end();
  try {
    const status = await promise;
    if (status === 200) return;
    const took = clock.now().getTime() - startedAt;
    throw new UnexpectedStatus(`received status code ${status} in ${took}ms`);
  } finally {
    signal.removeEventListener("abort", onAbort);
    get.destroy();
  }
}

function attemptText(target: ProbeTarget, check: Check): string {
  return check.kind === "tcp"
    ? `Failed to make TCP connection to ${target.address}:${target.reachablePort(check.port)}`
    : `Failed to make HTTP request to '${check.path}' on port ${check.port}`;
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset by peer",
  EHOSTUNREACH: "no route to host",
  ENETUNREACH: "network is unreachable",
};

function reasonOf(error: unknown): string {
  if (error instanceof UnexpectedStatus) return error.message;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return reasons[code] ?? (code === "" ? "the answer is no HTTP" : code);
}
