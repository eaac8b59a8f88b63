import { readFileSync } from "node:fs";
import path from "node:path";

export interface StackUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** Looks a user up in a stack's own passwd file: any account there can be named, as in Garden. */
export function findUser(passwd: string, name: string): StackUser | undefined {
  for (const line of passwd.split("\n")) {
    const fields = line.split(":");
    if (fields[0] !== name) continue;
    const uid = Number(fields[2]);
    const gid = Number(fields[3]);
    if (!Number.isInteger(uid) || !Number.isInteger(gid)) continue;
    return { name, uid, gid, home: fields[5] === undefined || fields[5] === "" ? "/" : fields[5] };
  }
  return undefined;
}

export function readPasswd(rootfs: string): string {
  return readFileSync(path.join(rootfs, "etc/passwd"), "utf8");
}

/** The account that apps run as; its ids are fixed in the whole field. */
export const vcapId = 2000;
