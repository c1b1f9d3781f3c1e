/** A type of a generic signature: a class with arguments, an array, a variable, or a primitive. */
export type JavaType =
  | { readonly kind: "class"; readonly name: string; readonly args: readonly JavaType[] }
  | { readonly kind: "array"; readonly item: JavaType }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "primitive"; readonly letter: string };

/** What a class is made of, as its signature says it. */
export interface ClassSignature {
  /** Names of its type variables. */
  readonly variables: readonly string[];
  /** Its superclass, then its interfaces. */
  readonly supertypes: readonly JavaType[];
}

export const OBJECT: JavaType = { kind: "class", name: "java/lang/Object", args: [] };
const LENGTH_MAX = 20_000;
const DEPTH_MAX = 50;

/** Reads a signature once, from its beginning to its end. */
class SignatureReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** `<A:Ljava/lang/Object;B::Lx/Y;>`: only the names count. */
  variables(): string[] {
    if (!this.#takes("<")) return [];
    const names: string[] = [];
    while (!this.#takes(">")) {
      names.push(this.#until(":"));
      this.#expect(":");
      if (this.#peek() !== ":") this.type();
      while (this.#takes(":")) this.type();
    }
    return names;
  }

  type(depth = 0): JavaType {
    if (depth > DEPTH_MAX) throw new SyntaxError("Cannot read a signature: it is too deep");
    const letter = this.#next();
    if (letter === "[") return { kind: "array", item: this.type(depth + 1) };
    if (letter === "T") {
      const name = this.#until(";");
      this.#expect(";");
      return { kind: "variable", name };
    }
    if (letter === "L") return this.#classType(depth);
    if ("BCDFIJSZV".includes(letter)) return { kind: "primitive", letter };
    throw new SyntaxError("Cannot read a signature: no type begins so");
  }

  #classType(depth: number): JavaType {
    let name = "";
    let args: JavaType[] = [];
    while (true) {
      name += this.#until("<;.");
      if (this.#takes("<")) args = this.#arguments(depth);
      if (this.#takes(";")) return { kind: "class", name, args };
      this.#expect(".");
      name += "$";
    }
  }

  #arguments(depth: number): JavaType[] {
    const args: JavaType[] = [];
    while (!this.#takes(">")) {
      if (this.#takes("*")) {
        args.push(OBJECT);
        continue;
      }
      const isUnbounded = this.#takes("-");
      this.#takes("+");
      const type = this.type(depth + 1);
      args.push(isUnbounded ? OBJECT : type);
    }
    return args;
  }

  #peek(): string {
    return this.#text[this.#at] ?? "";
  }

  #next(): string {
    const char = this.#peek();
    if (char === "") throw new SyntaxError("Cannot read a signature: it ends too soon");
    this.#at++;
    return char;
  }

  #takes(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at++;
    return true;
  }

  #expect(char: string): void {
    if (this.#next() !== char) throw new SyntaxError(`Cannot read a signature: no ${char} there`);
  }

  #until(ends: string): string {
    const start = this.#at;
    while (!ends.includes(this.#peek()) || this.#peek() === "") this.#next();
    return this.#text.slice(start, this.#at);
  }
}

/** What a class's signature says; undefined when it is none. */
export function classSignature(text: string): ClassSignature | undefined {
  if (text.length > LENGTH_MAX) return undefined;
  try {
    const reader = new SignatureReader(text);
    const variables = reader.variables();
    const supertypes: JavaType[] = [];
    while (!reader.isAtEnd) supertypes.push(reader.type());
    return { variables, supertypes };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A type with its variables replaced; one that stands for nothing is any object. */
export function boundType(type: JavaType, bindings: ReadonlyMap<string, JavaType>): JavaType {
  switch (type.kind) {
    case "variable":
      return bindings.get(type.name) ?? OBJECT;
    case "array":
      return { kind: "array", item: boundType(type.item, bindings) };
    case "class":
      return { ...type, args: type.args.map((arg) => boundType(arg, bindings)) };
    case "primitive":
      return type;
  }
}

/** The name of a type's class as Java's reflection gives it: `java.lang.String`, `[B`, `[Ljava.lang.String;`. */
export function typeName(type: JavaType): string {
  switch (type.kind) {
    case "variable":
      return "java.lang.Object";
    case "class":
      return type.name.replaceAll("/", ".");
    case "primitive":
      return type.letter;
    case "array": {
      const { item } = type;
      return item.kind === "class" || item.kind === "variable"
        ? `[L${typeName(item)};`
        : `[${typeName(item)}`;
    }
  }
}
