import { randomUUID } from "node:crypto";
import { totalBytes, type DropletContents } from "./droplet-contents.ts";
import { packageUrl } from "./found-package.ts";

// CycloneDX 1.6 (ECMA-424). Every document is checked against the published JSON schema in the tests.

interface Property {
  readonly name: string;
  readonly value: string;
}

interface Component {
  readonly type: "application" | "library" | "file";
  readonly "bom-ref": string;
  readonly group?: string;
  readonly name: string;
  readonly version?: string;
  readonly purl?: string;
  readonly hashes?: readonly { readonly alg: "SHA-256"; readonly content: string }[];
  readonly properties?: readonly Property[];
  readonly evidence?: { readonly occurrences: readonly { readonly location: string }[] };
}

/** The droplet that the document is about; only its name is known of a file. */
export interface DropletSubject {
  readonly name: string;
  readonly guid?: string;
  readonly stack?: string;
  readonly sha256?: string;
}

export interface BomOptions {
  readonly subject: DropletSubject;
  readonly generator: { readonly name: string; readonly version: string };
  readonly now: Date;
  /** Whether each file is a component of its own. */
  readonly withFiles: boolean;
}

/**
 * The bill of materials: the droplet, its buildpacks, its packages, and its files where asked. Dependencies between packages are
 * not known, so that all stand directly below the droplet.
 */
export function cycloneDxBom(contents: DropletContents, options: BomOptions) {
  const { subject, generator, now, withFiles } = options;
  const parts = [...buildpackComponents(contents), ...packageComponents(contents)];
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${randomUUID()}`,
    version: 1,
    metadata: {
      timestamp: now.toISOString(),
      lifecycles: [{ phase: "post-build" }],
      tools: { components: [{ type: "application", ...generator }] },
      component: dropletComponent(contents, subject),
    },
    components: [...parts, ...(withFiles ? fileComponents(contents) : [])],
    dependencies: [
      { ref: dropletRef, dependsOn: parts.map((part) => part["bom-ref"]) },
      ...parts.map((part) => ({ ref: part["bom-ref"] })),
    ],
  };
}

const dropletRef = "droplet";

function dropletComponent(contents: DropletContents, subject: DropletSubject): Component {
  const property = (name: string, value: string | number | undefined): Property[] =>
    value === undefined ? [] : [{ name: `rivera:${name}`, value: String(value) }];
  return {
    type: "application",
    "bom-ref": dropletRef,
    name: subject.name,
    ...(subject.guid === undefined ? {} : { version: subject.guid }),
    ...(subject.sha256 === undefined
      ? {}
      : { hashes: [{ alg: "SHA-256" as const, content: subject.sha256 }] }),
    properties: [
      ...property("droplet:stack", subject.stack),
      ...property("droplet:files", contents.files.size),
      ...property("droplet:bytes", totalBytes(contents.files.values())),
      ...[...contents.commands].flatMap(([type, command]) =>
        property(`droplet:command:${type}`, command),
      ),
      ...contents.sidecars.flatMap(({ name, command }) =>
        property(`droplet:sidecar:${name}`, command),
      ),
      ...contents.warnings.flatMap((warning) => property("droplet:unread", warning)),
    ],
  };
}

function buildpackComponents({ buildpacks }: DropletContents): Component[] {
  return buildpacks.map(({ name, version }, index) => ({
    type: "application",
    "bom-ref": `buildpack:${index}:${name}`,
    name,
    ...(version === undefined ? {} : { version }),
    properties: [{ name: "rivera:kind", value: "buildpack" }],
  }));
}

function packageComponents({ packages }: DropletContents): Component[] {
  const seen = new Set<string>();
  return packages.flatMap((found): Component[] => {
    const { ecosystem, namespace, name, version } = found;
    const purl = packageUrl(found);
    const ref = purl ?? ["package", ecosystem, namespace ?? "", name, version ?? ""].join(":");
    // Two spellings may make one package URL, and references are unique.
    if (seen.has(ref)) return [];
    seen.add(ref);
    return [
      {
        type: "library",
        "bom-ref": ref,
        ...(namespace === undefined ? {} : { group: namespace }),
        name,
        ...(version === undefined ? {} : { version }),
        ...(purl === undefined ? {} : { purl }),
        properties: [{ name: "rivera:evidence", value: found.evidence }],
        evidence: { occurrences: found.locations.map((location) => ({ location })) },
      },
    ];
  });
}

function fileComponents({ files }: DropletContents): Component[] {
  return [...files]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, file]) => ({
      type: "file",
      "bom-ref": `file:${path}`,
      name: path,
      ...(file.sha256 === undefined
        ? {}
        : { hashes: [{ alg: "SHA-256" as const, content: file.sha256 }] }),
      properties: [
        { name: "rivera:file:bytes", value: String(file.size) },
        ...(file.linkTarget === undefined
          ? []
          : [{ name: "rivera:file:link", value: file.linkTarget }]),
      ],
    }));
}
