import { z } from "zod";
import { toOneRelationship } from "../http/parse-message.ts";
import { metadataSchema } from "../metadata/metadata.ts";

const host = z
  .string()
  .max(63)
  .regex(/^([\w-]*|\*)$/, {
    error: 'must be either "*" or contain only alphanumeric characters, "_", or "-"',
  });

const path = z
  .string()
  .max(128)
  .refine((text) => text === "" || text.startsWith("/"), { error: "must begin with a '/'" })
  .refine((text) => text !== "/", { error: "cannot be exactly '/'" })
  .refine((text) => !text.includes("?"), { error: "cannot contain '?'" })
  .refine((text) => !/[\s\p{Cc}#]/u.test(text), { error: "is an invalid path" });

export const routeOptions = z.strictObject(
  {
    loadbalancing: z
      .enum(["round-robin", "least-connection"], {
        error: "must be one of 'round-robin, least-connection'",
      })
      .optional(),
  },
  { error: "must be an object" },
);

export const createRouteMessage = z.strictObject({
  host: host.optional(),
  path: path.optional(),
  port: z.int().min(0).max(65_535).optional(),
  options: routeOptions.optional(),
  relationships: z.strictObject(
    { space: toOneRelationship("space"), domain: toOneRelationship("domain") },
    { error: "'relationships' is not an object" },
  ),
  metadata: metadataSchema.optional(),
});

export type CreateRoute = z.infer<typeof createRouteMessage>;

export const updateRouteMessage = z.strictObject({
  options: z
    .strictObject({ loadbalancing: routeOptions.shape.loadbalancing.nullable() })
    .partial()
    .optional(),
  metadata: metadataSchema.optional(),
});

const protocol = z.enum(["http1", "http2"], { error: "must be 'http1' or 'http2'" });

const destinationMessage = z.strictObject({
  app: z.strictObject({
    guid: z.string().min(1).max(200),
    process: z.strictObject({ type: z.string().min(1).max(255) }).optional(),
  }),
  port: z.int().min(1024).max(65_535).optional(),
  weight: z.int().min(1).max(100).optional(),
  protocol: protocol.nullable().optional(),
});

export const insertDestinationsMessage = z.strictObject({
  destinations: z
    .array(destinationMessage)
    .min(1, {
      error: "Destinations must be an array containing between 1 and 100 destination objects.",
    })
    .max(100, {
      error: "Destinations must be an array containing between 1 and 100 destination objects.",
    }),
});

export const replaceDestinationsMessage = z.strictObject({
  destinations: z.array(destinationMessage).max(100, {
    error: "Destinations must be an array containing between 0 and 100 destination objects.",
  }),
});

export type DestinationMessage = z.infer<typeof destinationMessage>;

export const updateDestinationMessage = z.strictObject({ protocol: protocol.nullable() });

export const spaceRelationMessage = toOneRelationship("space");
