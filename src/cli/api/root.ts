import { z } from "zod";
import type { Endpoints } from "../config/client-config.ts";
import { Failure } from "../failure.ts";
import type { HttpTransport } from "./http-transport.ts";

const link = z.object({ href: z.string() }).nullish();

const rootSchema = z.object({
  links: z.object({
    cloud_controller_v3: z.object({ meta: z.object({ version: z.string() }) }),
    login: z.object({ href: z.string() }),
    uaa: link,
    log_cache: link,
    logging: link,
    routing: link,
    network_policy_v1: link,
  }),
});

/** `GET /`: where the parts of this Cloud Foundry are. Sent without a token. */
export async function getEndpoints(
  transport: HttpTransport,
  options: {
    readonly api: string;
    readonly skipSslValidation: boolean;
    readonly userAgent: string;
  },
): Promise<Endpoints> {
  const { api, skipSslValidation, userAgent } = options;
  const answer = await transport.send({
    method: "GET",
    url: `${api}/`,
    headers: {
      "User-Agent": userAgent,
      Accept: "application/json",
      "Content-Type": "application/json",
    },
  });
  const links = parseLinks(answer.body.toString("utf8"));
  if (answer.status !== 200 || links === undefined) {
    throw new Failure(`API endpoint not found at '${api}'`);
  }
  return {
    api,
    apiVersion: links.cloud_controller_v3.meta.version,
    login: links.login.href,
    uaa: links.uaa?.href ?? "",
    logCache: links.log_cache?.href ?? "",
    logging: links.logging?.href ?? "",
    routing: links.routing?.href ?? "",
    networkPolicy: links.network_policy_v1?.href ?? "",
    skipSslValidation,
  };
}

function parseLinks(text: string): z.infer<typeof rootSchema>["links"] | undefined {
  try {
    return rootSchema.safeParse(JSON.parse(text)).data?.links;
  } catch {
    return undefined;
  }
}

/** Plain HTTP that leaves the machine. */
export function isInsecure(api: string): boolean {
  return api.startsWith("http:") && !/^http:\/\/(127\.|localhost(:|\/|$)|\[::1\])/.test(api);
}

export const insecureWarning =
  "Warning: Insecure http API endpoint detected: secure https API endpoints are recommended";
