// The JSON schema of report.json, from the type Report as the compiler understands it: there is no second description that could differ.
// Knows what such a type may hold (texts, numbers, yes and no, null, literals, lists, records); anything else is an error.
import ts from 'typescript';

const SOURCE = 'src/core/report-shape.ts';

/** The schema as a value. */
export function reportSchema() {
  const program = ts.createProgram([SOURCE], {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    allowImportingTsExtensions: true,
    noEmit: true,
    types: [],
  });
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(SOURCE);
  const symbol = checker.getExportsOfModule(checker.getSymbolAtLocation(file)).find(({ name }) => name === 'Report');
  const describer = new Describer(checker);
  const { description, ...shape } = describer.record(checker.getDeclaredTypeOfSymbol(symbol), symbol);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: shape.properties.$schema.const,
    title: 'report.json of neo-pull',
    description,
    ...shape,
    $defs: Object.fromEntries([...describer.named].sort(([one], [other]) => (one < other ? -1 : 1))),
  };
}

class Describer {
  named = new Map();
  #checker;

  constructor(checker) {
    this.#checker = checker;
  }

  /** A record; what is not named may be there too, for fields are added. */
  record(type, symbol = type.symbol) {
    const properties = this.#checker.getPropertiesOfType(type).map((property) => {
      const isOptional = (property.flags & ts.SymbolFlags.Optional) !== 0;
      const shape = this.#shapeOf(this.#checker.getTypeOfSymbol(property), property.name);
      return [property.name, isOptional, { ...documented(property, this.#checker), ...shape }];
    });
    return {
      ...(symbol ? documented(symbol, this.#checker) : {}),
      type: 'object',
      properties: Object.fromEntries(properties.map(([name, , shape]) => [name, shape])),
      required: properties.filter(([, isOptional]) => !isOptional).map(([name]) => name),
      ...this.#named(type),
    };
  }

  /** What the fields of any name are, of a record that has such. */
  #named(type) {
    const others = this.#checker.getIndexInfoOfType(type, ts.IndexKind.String);
    return others ? { additionalProperties: this.#shapeOf(others.type, 'an index') } : {};
  }

  #shapeOf(type, where) {
    const name = type.aliasSymbol?.name ?? (type.isClassOrInterface() ? type.symbol.name : null);
    if (name === null || type.aliasTypeArguments || this.#isList(type)) return this.#bare(type, where);
    if (!this.named.has(name)) {
      this.named.set(name, null);
      const about = type.aliasSymbol ? documented(type.aliasSymbol, this.#checker) : {};
      this.named.set(name, { ...about, ...this.#bare(type, where) });
    }
    return { $ref: `#/$defs/${name}` };
  }

  #bare(type, where) {
    const { flags } = type;
    if (type.isStringLiteral() || type.isNumberLiteral()) return { const: type.value };
    if (flags & ts.TypeFlags.String) return { type: 'string' };
    if (flags & ts.TypeFlags.Number) return { type: 'number' };
    if (flags & ts.TypeFlags.BooleanLike) return { type: 'boolean' };
    if (flags & ts.TypeFlags.Null) return { type: 'null' };
    if (type.isUnion()) return this.#union(type, where);
    if (this.#isList(type))
      return { type: 'array', items: this.#shapeOf(this.#checker.getTypeArguments(type)[0], where) };
    if (flags & ts.TypeFlags.Object || type.isIntersection()) return this.record(type);
    throw new Error(`report-schema: ${where} is a ${this.#checker.typeToString(type)}, which has no JSON`);
  }

  #union({ types }, where) {
    const literals = types.filter((one) => one.isStringLiteral() || one.isNumberLiteral()).map(({ value }) => value);
    const rest = types.filter(
      (one) => !one.isStringLiteral() && !one.isNumberLiteral() && !(one.flags & ts.TypeFlags.Undefined),
    );
    // `boolean` is a union of two for the compiler.
    const shapes = [
      ...new Map(rest.map((one) => this.#shapeOf(one, where)).map((shape) => [JSON.stringify(shape), shape])).values(),
    ];
    const all = [...(literals.length > 0 ? [{ enum: literals }] : []), ...shapes];
    return all.length === 1 ? all[0] : { anyOf: all };
  }

  #isList(type) {
    return this.#checker.isArrayType(type);
  }
}

function documented(symbol, checker) {
  const description = ts.displayPartsToString(symbol.getDocumentationComment(checker)).replace(/\s+/g, ' ');
  return description === '' ? {} : { description };
}
