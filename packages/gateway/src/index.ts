export { startGateway, type Started } from "./start.ts";
