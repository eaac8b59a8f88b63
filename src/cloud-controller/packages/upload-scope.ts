import multipart from "@fastify/multipart";
import { z } from "zod";
import { unprocessable } from "../http/cf-errors.ts";
import type { ApiServer } from "../http/create-server.ts";

/** Where nginx tells Cloud Controller the file that it has stored: never a client's to say. */
const storedFile = z.looseObject({ bits_path: z.undefined().optional() });

/**
 * Endpoints that take a file as a multipart body. Cloud Controller's nginx refuses the query parameter `bits_path` on
 * them with 422 before it asks who is there and whether the resource is.
 */
export function registerUploads(app: ApiServer, endpoints: (scope: ApiServer) => void): void {
  void app.register(async (scope) => {
    await scope.register(multipart, { throwFileSizeLimit: false });
    scope.addHook("preParsing", async (request) => {
      if (!storedFile.safeParse(request.query).success) {
        throw unprocessable("Unknown field(s): 'bits_path'");
      }
    });
    endpoints(scope);
  });
}
