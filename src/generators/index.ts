/**
 * The door to generators. Controllers begin a {@link Generation} for each pass over an object that names generators; everything else
 * here serves that.
 */
export { GeneratorError, GeneratorNotFoundError, TerminalGeneratorError } from './errors.ts';
export type { Generated, GeneratorDeclaration, GeneratorModule, Lease } from './generator.ts';
export { Generation, type Consumer } from './generation.ts';
export { Generators, type GeneratorsOptions, type NamedGenerator } from './generators.ts';
export { findGenerator, generators, unavailableGenerators } from './registry.ts';
