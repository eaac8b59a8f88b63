import { z } from "zod";
import * as reads from "./reads.ts";
import type { Wire } from "./wire.ts";

// The client's look-ups by name, which most commands begin with.

export const organizationNamed = (wire: Wire, name: string) =>
  wire.one(reads.organization, `/v3/organizations?names=${name}&page=1&per_page=1`);

export const spaceNamed = (wire: Wire, organization: string, name: string) =>
  wire.one(
    reads.space,
    `/v3/spaces?names=${name}&organization_guids=${organization}&page=1&per_page=1`,
  );

export const domainNamed = (wire: Wire, name: string) =>
  wire.one(reads.domain, `/v3/domains?names=${name}&page=1&per_page=1`);

/** Of a collection that needs nothing but a name. */
export const named = <T>(wire: Wire, schema: z.ZodType<T>, collection: string, name: string) =>
  wire.one(schema, `/v3/${collection}?names=${name}&page=1&per_page=1`);

export const to = (guid: string) => ({ data: { guid } });
