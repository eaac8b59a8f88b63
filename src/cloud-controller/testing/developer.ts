import { createHash } from "node:crypto";
import { eventually } from "./eventually.ts";
import type { FakeBbs } from "./fake-bbs.ts";
import type { Answer, Caller, TestCloudController } from "./test-cloud-controller.ts";

/** A part of a multipart body: a field, or a file where it has a file name. */
export interface FormPart {
  readonly name: string;
  readonly content: string | Buffer;
  readonly filename?: string;
}

/** A developer who pushes: the requests of the official client, in its order. */
export class Developer {
  readonly caller: Caller;
  readonly #cc: TestCloudController;

  private constructor(cc: TestCloudController, caller: Caller) {
    this.#cc = cc;
    this.caller = caller;
  }

  static async admin(cc: TestCloudController): Promise<Developer> {
    return new Developer(cc, await cc.admin());
  }

  static as(cc: TestCloudController, caller: Caller): Developer {
    return new Developer(cc, caller);
  }

  async createApp(name: string, spaceGuid?: string): Promise<string> {
    const guid = spaceGuid ?? (await this.caller.get("/v3/spaces")).json.resources[0].guid;
    const created = await this.caller.post("/v3/apps", {
      name,
      relationships: { space: { data: { guid } } },
    });
    if (created.status !== 201) throw new Error(`no app: ${created.text}`);
    return created.json.guid;
  }

  async createPackage(appGuid: string): Promise<string> {
    const created = await this.caller.post("/v3/packages", {
      type: "bits",
      relationships: { app: { data: { guid: appGuid } } },
    });
    if (created.status !== 201) throw new Error(`no package: ${created.text}`);
    return created.json.guid;
  }

  async upload(path: string, parts: readonly FormPart[]): Promise<Answer> {
    const boundary = "rivera-test-boundary";
    const body = Buffer.concat([
      ...parts.flatMap((part) => [
        Buffer.from(
          `--${boundary}\r\nContent-Disposition: form-data; name="${part.name}"` +
            (part.filename === undefined
              ? "\r\n\r\n"
              : `; filename="${part.filename}"\r\nContent-Type: application/octet-stream\r\n\r\n`),
        ),
        Buffer.from(part.content),
        Buffer.from("\r\n"),
      ]),
      Buffer.from(`--${boundary}--\r\n`),
    ]);
    return await this.caller.send("POST", path, body, {
      "content-type": `multipart/form-data; boundary=${boundary}`,
    });
  }

  async uploadBits(packageGuid: string, zip: Buffer, resources: unknown = []): Promise<Answer> {
    return await this.upload(`/v3/packages/${packageGuid}/upload`, [
      { name: "resources", content: JSON.stringify(resources) },
      { name: "bits", content: zip, filename: "package.zip" },
    ]);
  }

  /** Uploads and waits for the package's final state. */
  async packageOf(appGuid: string, zip: Buffer, resources: unknown = []): Promise<Answer> {
    const guid = await this.createPackage(appGuid);
    const uploaded = await this.uploadBits(guid, zip, resources);
    if (uploaded.status !== 200) throw new Error(`no upload: ${uploaded.text}`);
    return await eventually(async () => {
      const found = await this.caller.get(`/v3/packages/${guid}`);
      return found.json.state === "PROCESSING_UPLOAD" ? undefined : found;
    });
  }

  async build(packageGuid: string): Promise<Answer> {
    return await this.caller.post("/v3/builds", { package: { guid: packageGuid } });
  }

  /** Plays the cell: uploads a droplet and completes the task as the BBS would. */
  async completeStaging(
    bbs: FakeBbs,
    buildGuid: string,
    options: {
      readonly droplet?: Buffer;
      readonly completion?: Readonly<Record<string, unknown>>;
    } = {},
  ): Promise<Answer> {
    const task = bbs.taskMap.get(buildGuid);
    if (task === undefined) throw new Error("the task was not desired");
    const [droplet] = uploadUrls(task.definition.action);
    if (droplet === undefined) throw new Error("the task uploads nothing");
    if (options.droplet !== undefined) {
      const md5 = createHash("md5").update(options.droplet).digest("base64");
      await this.#cc.cell("POST", droplet, options.droplet, { "content-md5": md5 });
    }
    bbs.taskMap.delete(buildGuid);
    return await this.#cc.cell(
      "POST",
      task.definition.completionCallbackUrl,
      JSON.stringify({
        task_guid: buildGuid,
        failed: false,
        failure_reason: "",
        result: JSON.stringify(stagingResult()),
        ...options.completion,
      }),
      { "content-type": "application/json" },
    );
  }
}

export function stagingResult(changes: Readonly<Record<string, unknown>> = {}) {
  return {
    lifecycle_metadata: { buildpack_key: "k", detected_buildpack: "procfile", buildpacks: [] },
    process_types: { web: "node server.js" },
    execution_metadata: "",
    lifecycle_type: "buildpack",
    ...changes,
  };
}

/** The URLs of all uploads in an action tree, in order. */
function uploadUrls(action: unknown): string[] {
  if (Array.isArray(action)) return action.flatMap(uploadUrls);
  if (typeof action !== "object" || action === null) return [];
  if ("kind" in action && action.kind === "upload" && "to" in action) return [String(action.to)];
  return Object.values(action).flatMap(uploadUrls);
}
