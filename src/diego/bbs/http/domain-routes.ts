import type { Clock } from "#kernel/clock/clock.ts";
import {
  DomainsResponseSchema,
  EmptyRequestSchema,
  PingResponseSchema,
  UpsertDomainRequestSchema,
  UpsertDomainResponseSchema,
} from "#diego/models/proto/domain_pb.js";
import type { BbsDatabase } from "../store/bbs-schema.ts";
import { freshDomains, upsertDomain } from "../store/domain-table.ts";
import type { SingleWriter } from "../store/single-writer.ts";
import { mandatory, protobufRoute, type ProtobufRoute } from "./protobuf-route.ts";

export function domainRoutes(options: {
  readonly clock: Clock;
  readonly db: BbsDatabase;
  readonly writer: SingleWriter;
}): ProtobufRoute[] {
  const { clock, db, writer } = options;
  return [
    protobufRoute(
      "/v1/ping",
      { request: EmptyRequestSchema, response: PingResponseSchema },
      async () => ({ available: true }),
    ),
    protobufRoute(
      "/v1/domains/list",
      { request: EmptyRequestSchema, response: DomainsResponseSchema },
      async () => ({ domains: await freshDomains(db, clock.now()) }),
    ),
    protobufRoute(
      "/v1/domains/upsert",
      { request: UpsertDomainRequestSchema, response: UpsertDomainResponseSchema },
      async ({ domain, ttl }) => {
        mandatory("domain", domain);
        await writer.write((tx) => upsertDomain(tx, domain, ttl, clock.now()));
        return {};
      },
    ),
  ];
}
