// Renders the markdown texts of a JSON array, read from standard input, as clients do: one array of HTML a renderer.
import { text } from "node:stream/consumers";
import MarkdownIt from "markdown-it";
import { Marked } from "marked";
import rehypeRaw from "rehype-raw";
import rehypeStringify from "rehype-stringify";
import remarkGfm from "remark-gfm";
import remarkParse from "remark-parse";
import remarkRehype from "remark-rehype";
import { unified } from "unified";

const texts = JSON.parse(await text(process.stdin));
const marked = new Marked({ gfm: true, breaks: true });
const markdownIt = new MarkdownIt({ html: true, linkify: true });
markdownIt.linkify.set({ fuzzyLink: true, fuzzyEmail: true, fuzzyIP: true });
const raw = { allowDangerousHtml: true };
// What react-markdown is made of, with the plugins of the CDS Hooks sandbox.
const remark = unified().use(remarkParse).use(remarkGfm).use(remarkRehype, raw).use(rehypeRaw).use(rehypeStringify);

const renderers = {
  marked: (text) => marked.parse(text),
  "markdown-it": (text) => markdownIt.render(text),
  "remark-gfm": (text) => String(remark.processSync(text)),
};
process.stdout.write(
  JSON.stringify(Object.fromEntries(Object.entries(renderers).map(([name, render]) => [name, texts.map(render)])))
);
