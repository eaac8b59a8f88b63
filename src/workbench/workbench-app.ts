import { createHash } from "node:crypto";
import { vcapApplication, type AppPlace } from "#cloud-controller/running/vcap-application.ts";
import { defaultStagingLimits } from "#cloud-controller/staging/staging-config.ts";
import type { SecurityGroupRule } from "#diego/models/container-definition.ts";

// There is no record of an app: what its containers are told of one is made up here, the same for staging and running.

export interface WorkbenchApp {
  readonly guid: string;
  readonly name: string;
}

export const workbenchPlace: AppPlace = {
  spaceGuid: guidOf("space"),
  spaceName: "workbench",
  organizationGuid: guidOf("organization"),
  organizationName: "workbench",
};

/** As a new platform's security groups: everything public. */
export const workbenchEgress: readonly SecurityGroupRule[] = [
  { protocol: "all", destinations: ["0.0.0.0-255.255.255.255"], ports: [], log: false },
];

/** The same at every run: programs that write their guid down find it again. */
export function workbenchApp(name: string): WorkbenchApp {
  return { guid: guidOf(`app ${name}`), name };
}

export function workbenchVcapApplication(
  app: WorkbenchApp,
  of: {
    readonly memoryInMb: number;
    readonly diskInMb: number;
    readonly uris?: readonly string[];
    readonly process?: { readonly guid: string; readonly type: string };
  },
): Readonly<Record<string, unknown>> {
  return vcapApplication({
    app,
    place: workbenchPlace,
    uris: of.uris ?? [],
    apiUrl: "",
    version: guidOf(`version ${app.name}`),
    limits: {
      fileDescriptors: defaultStagingLimits.fileDescriptors,
      memoryInMb: of.memoryInMb,
      diskInMb: of.diskInMb,
    },
    ...(of.process === undefined ? {} : { process: of.process }),
  });
}

/** Of the form of a version 5 UUID. */
export function guidOf(name: string): string {
  const hex = createHash("sha256").update(`rivera workbench ${name}`).digest("hex");
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `5${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
  ];
  return [...parts, hex.slice(20, 32)].join("-");
}
