/**
 * The buildpacks that come with Rivera, in the order of detection, which is cf-deployment's as far as it goes; what takes any
 * Procfile comes last.
 */
export const detectionOrder: readonly string[] = [
  "staticfile_buildpack",
  "java_buildpack",
  "ruby_buildpack",
  "nodejs_buildpack",
  "go_buildpack",
  "python_buildpack",
  "php_buildpack",
  "nginx_buildpack",
  "binary_buildpack",
  "apt_buildpack",
  "procfile_buildpack",
];
