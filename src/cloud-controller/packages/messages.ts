import { z } from "zod";
import { relationshipsOf, toOneRelationship } from "../http/parse-message.ts";
import { metadataSchema } from "../metadata/metadata.ts";

const dockerData = z.strictObject(
  {
    image: z
      .string({
        error: ({ input }) =>
          input === undefined ? "Image must be a string, Image required" : "Image must be a string",
      })
      .min(1, { error: "Image required" }),
    username: z.string().max(5000).nullish(),
    password: z.string().max(5000).nullish(),
  },
  { error: "Image must be a string, Image required" },
);

const relationships = relationshipsOf({ app: toOneRelationship("app") });
const metadata = metadataSchema.optional();
const notEmpty = "must be empty if provided for bits packages";

export const packageCreateMessage = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("bits"),
    data: z.strictObject({}, { error: `Data ${notEmpty}` }).nullish(),
    relationships,
    metadata,
  }),
  z.strictObject({ type: z.literal("docker"), data: dockerData, relationships, metadata }),
]);

/** What a body of another type is checked against, so that its other faults are told, too. */
export const typelessPackageMessage = z.strictObject({
  relationships,
  type: z.never({ error: "Type must be one of 'bits, docker'" }),
  data: z.unknown().optional(),
  metadata,
});

const knownType = z.object({ type: z.enum(["bits", "docker"]) });

export function hasPackageType(body: unknown): boolean {
  return knownType.safeParse(body).success;
}

export type PackageCreateMessage = z.infer<typeof packageCreateMessage>;

/** Of a copy only the app's guid is read; whatever names none is answered like an app that is not there. */
export const packageCopyMessage = z
  .unknown()
  .transform((body) => copyTarget.safeParse(body).data?.relationships.app.data.guid ?? "");

const copyTarget = z.object({
  relationships: z.object({ app: z.object({ data: z.object({ guid: z.string() }) }) }),
});

export const packageUpdateMessage = z.strictObject({
  metadata,
  username: z.string().max(5000).nullish(),
  password: z.string().max(5000).nullish(),
});
