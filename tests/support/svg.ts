/** Pictures as SVG. */

/** A whole picture on white, of elements one after the other. */
export function svgPicture(
  { fontSize, height, width }: {
    readonly fontSize: number;
    readonly height: number;
    readonly width: number;
  },
  elements: readonly string[],
): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ` +
    `font-family="sans-serif" font-size="${fontSize}">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...elements,
    "</svg>",
    "",
  ].join("\n");
}

/** A text as it stands in an element. */
export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
