//! The video vendors over real HTTP: Ark, OpenAI's videos, and Veo on both of Google's surfaces.

mod ark;
mod ark_refusals;
mod asker;
mod film;
mod gemini;
mod openai;
mod openai_refusals;
mod receiver;
mod vertex;
