import { z } from "zod";
import { vcapId } from "../stack/users.ts";
import { containerRecord } from "../supervised/container-record.ts";

export const unlimitedRecord = containerRecord.extend({
  maker: z.enum(["process", "crun"]),
  /** Of the host, for the app's 8080. */
  port: z.int(),
});

export type UnlimitedRecord = z.infer<typeof unlimitedRecord>;

/** An ordinary user has one id, which stands for all inside; root has them all. */
export function hostIdOfUser(uid: number): number {
  const own = process.getuid?.() ?? 0;
  return own === 0 ? uid : own;
}

export function hostIdOfVcap(): number {
  return hostIdOfUser(vcapId);
}
