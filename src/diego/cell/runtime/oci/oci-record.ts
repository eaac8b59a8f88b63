import { z } from "zod";
import { containerRecord } from "../supervised/container-record.ts";

export const ociRecord = containerRecord.extend({
  runtime: z.enum(["crun", "runc"]),
  slot: z.int(),
  idMap: z.object({ kind: z.enum(["idmapped", "split"]), base: z.int() }),
  cgroup: z.string(),
  /** 0: it has no disk of its own. */
  diskBytes: z.int().default(0),
});

export type OciRecord = z.infer<typeof ociRecord>;
