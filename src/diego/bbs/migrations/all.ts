import type { Migration } from "kysely/migration";
import { initial } from "./0001-initial.ts";

/** Forward only, in this order. */
export const bbsMigrations: Readonly<Record<string, Migration>> = {
  "0001-initial": initial,
};
