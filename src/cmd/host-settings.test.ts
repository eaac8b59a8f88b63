import assert from "node:assert/strict";
import { test } from "node:test";
import {
  caBundleInContainer,
  detectHostSettings,
  proxyAddresses,
  stagingEnvironment,
} from "./host-settings.ts";

test("stagingEnvironment() carries the host's bundle under the name that the stack has", () => {
  const settings = detectHostSettings({ NODE_EXTRA_CA_CERTS: import.meta.filename });

  const environment = stagingEnvironment(settings);

  assert.equal(settings.caBundle, import.meta.filename);
  for (const name of ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "npm_config_cafile", "PIP_CERT"]) {
    assert.equal(environment[name], caBundleInContainer, name);
  }
});

test("stagingEnvironment() sets no CA variable where the host has none", () => {
  const settings = detectHostSettings({ NODE_EXTRA_CA_CERTS: "/nowhere/ca.pem" });

  assert.deepEqual(stagingEnvironment(settings), {});
});

test("stagingEnvironment() hands proxies and package indexes on as they are", () => {
  const settings = detectHostSettings({
    https_proxy: "http://proxy.example:3128",
    PIP_INDEX_URL: "https://pypi.example/simple",
    HOME: "/root",
  });

  assert.deepEqual(stagingEnvironment(settings), {
    https_proxy: "http://proxy.example:3128",
    PIP_INDEX_URL: "https://pypi.example/simple",
  });
});

test("proxyAddresses() names each proxy once with its port", () => {
  const settings = detectHostSettings({
    http_proxy: "proxy.example:3128",
    HTTPS_PROXY: "http://proxy.example:3128",
    all_proxy: "https://other.example",
    no_proxy: "localhost",
  });

  assert.deepEqual(proxyAddresses(settings), ["proxy.example:3128", "other.example:443"]);
});
