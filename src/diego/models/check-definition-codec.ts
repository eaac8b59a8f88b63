import type { MessageInitShape } from "@bufbuild/protobuf";
import { BbsError } from "./bbs-error.ts";
import type { Check, CheckDefinition } from "./desired-lrp.ts";
import type {
  Check as CheckMessage,
  CheckDefinition as CheckDefinitionMessage,
  CheckDefinitionSchema,
  CheckSchema,
} from "./proto/container_pb.js";

export function encodeCheckDefinition(
  definition: CheckDefinition,
): MessageInitShape<typeof CheckDefinitionSchema> {
  return {
    checks: definition.checks.map(encodeCheck),
    readinessChecks: definition.readinessChecks.map(encodeCheck),
    logSource: definition.logSource,
  };
}

/** @throws {BbsError} InvalidRequest where a check is not exactly one of tcp and http. */
export function decodeCheckDefinition(message: CheckDefinitionMessage): CheckDefinition {
  return {
    checks: message.checks.map(decodeCheck),
    readinessChecks: message.readinessChecks.map(decodeCheck),
    logSource: message.logSource,
  };
}

function encodeCheck(check: Check): MessageInitShape<typeof CheckSchema> {
  switch (check.kind) {
    case "tcp":
      return {
        tcpCheck: {
          port: check.port,
          connectTimeoutMs: BigInt(check.connectTimeoutMs),
          intervalMs: BigInt(check.intervalMs),
        },
      };
    case "http":
      return {
        httpCheck: {
          port: check.port,
          requestTimeoutMs: BigInt(check.requestTimeoutMs),
          path: check.path,
          intervalMs: BigInt(check.intervalMs),
        },
      };
  }
}

function decodeCheck(message: CheckMessage): Check {
  const { tcpCheck: tcp, httpCheck: http } = message;
  if (tcp !== undefined && http === undefined) {
    return {
      kind: "tcp",
      port: tcp.port,
      connectTimeoutMs: Number(tcp.connectTimeoutMs),
      intervalMs: Number(tcp.intervalMs),
    };
  }
  if (http !== undefined && tcp === undefined) {
    return {
      kind: "http",
      port: http.port,
      requestTimeoutMs: Number(http.requestTimeoutMs),
      path: http.path,
      intervalMs: Number(http.intervalMs),
    };
  }
  throw new BbsError("InvalidRequest", "Invalid field: check (one of tcp_check and http_check)");
}
