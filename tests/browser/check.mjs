// Looks at pages of `tktdump survey -f html` as a browser does: check.mjs CHROMIUM FOLDER PAGE...
//
// A page asks for nothing but itself, says nothing on the console, has no violations of axe's rules in light and in
// dark, does not scroll sideways on a telephone, keeps hostile text as text, and prints. FOLDER takes pictures of it.
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(resolve(process.argv[3], 'package.json'));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

const [, , executablePath, folder, ...pages] = process.argv;
const failures = [];
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });

async function open(page, options) {
  const context = await browser.newContext({ bypassCSP: false, ...options });
  const tab = await context.newPage();
  const url = pathToFileURL(resolve(page)).href;
  const fail = (text) => failures.push(`${page}: ${text}`);
  tab.on('request', (request) => request.url() === url || fail(`asks for ${request.url()}`));
  tab.on('console', (message) => fail(`says on the console: ${message.text()}`));
  tab.on('pageerror', (error) => fail(`has an error: ${error.message}`));
  tab.on('dialog', async (dialog) => {
    fail(`opens a dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  await tab.goto(url, { waitUntil: 'load' });
  await tab.waitForTimeout(200);
  return { tab, context, fail };
}

async function judge(page, scheme) {
  const { tab, context, fail } = await open(page, { colorScheme: scheme, viewport: { width: 1200, height: 900 } });
  await tab.screenshot({ path: resolve(folder, `${basename(page)}-${scheme}.png`), fullPage: true });
  const elements = await tab.evaluate(() => ({
    scripts: document.scripts.length,
    images: document.images.length,
    handlers: [...document.querySelectorAll('*')].filter((it) => [...it.attributes].some((a) => a.name.startsWith('on'))).length,
    outside: [...document.querySelectorAll('[href],[src]')].filter((it) => !(it.getAttribute('href') ?? it.getAttribute('src')).startsWith('#')).length,
  }));
  for (const [what, count] of Object.entries(elements)) {
    if (count > 0) fail(`has ${count} ${what}`);
  }
  // evaluated by the browser's own means, so that the page's policy does not stand in the way
  await tab.evaluate(axe);
  const { violations } = await tab.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  for (const { id, nodes } of violations) {
    fail(`${scheme}: axe ${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(' | ')}`);
  }
  await context.close();
}

async function telephone(page) {
  const { tab, context, fail } = await open(page, { viewport: { width: 390, height: 800 } });
  await tab.screenshot({ path: resolve(folder, `${basename(page)}-390.png`), fullPage: true });
  const width = await tab.evaluate(() => document.documentElement.scrollWidth);
  if (width > 390) fail(`is ${width} wide on a screen of 390`);
  await context.close();
}

async function paper(page) {
  const { tab, context, fail } = await open(page, { colorScheme: 'dark' });
  const path = resolve(folder, `${basename(page)}.pdf`);
  await tab.pdf({ path, preferCSSPageSize: true, printBackground: true });
  if (!readFileSync(path).subarray(0, 5).equals(Buffer.from('%PDF-'))) fail('does not print');
  console.log(`${page}: ${statSync(page).size} bytes, printed in ${statSync(path).size} bytes`);
  await context.close();
}

for (const page of pages) {
  await judge(page, 'light');
  await judge(page, 'dark');
  await telephone(page);
  await paper(page);
}
await browser.close();
failures.forEach((failure) => console.error(failure));
process.exit(failures.length ? 1 : 0);
