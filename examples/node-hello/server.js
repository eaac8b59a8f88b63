const http = require("node:http");
const ms = require("ms");

const instance = process.env.CF_INSTANCE_INDEX ?? "0";

const server = http.createServer((request, response) => {
  response.setHeader("Content-Type", "text/plain; charset=utf-8");
  if (request.url === "/env") {
    const { space_name: space, limits } = JSON.parse(process.env.VCAP_APPLICATION ?? "{}");
    response.end(`${JSON.stringify({ instance, space, limits, node: process.version }, null, 2)}\n`);
    return;
  }
  console.log(`${request.method} ${request.url}`);
  response.end(`Hello from Rivera on Cloud Foundry: instance ${instance}, up for ${ms(Math.round(process.uptime() * 1000))}\n`);
});

server.listen(process.env.PORT ?? 8080, () => {
  console.log(`instance ${instance} listens on port ${server.address().port}`);
});

process.on("SIGTERM", () => {
  server.close();
  server.closeIdleConnections();
});
