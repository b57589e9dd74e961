//! `randomize(nodes, seed?)`: the same order as every ODK engine gives for the same seed.

use sha2::{Digest, Sha256};

use super::Arguments;
use crate::{
    context::Host, error::EvalError, evaluate::Evaluated, number, tree::Tree, value::Nodes,
    value::Value,
};

const MODULUS: f64 = 2_147_483_647.0;

pub(super) fn evaluate<'a, T: Tree, H: Host<T>>(
    a: &Arguments<'_, '_, 'a, T, H>,
) -> Evaluated<'a, T> {
    let nodes = a.nodes(0)?.into_vec();
    a.evaluator.spend(nodes.len())?;
    let shuffled = if a.len() > 1 {
        let mut generator = Generator::new(seed(a)?);
        shuffle(&nodes, || generator.unit())
    } else {
        shuffle(&nodes, || a.context().random.unit())
    };
    Ok(Value::Nodes(Nodes::Many(shuffled)))
}

/// Numbers are seeds; a text that is none is hashed.
fn seed<T: Tree, H: Host<T>>(a: &Arguments<'_, '_, '_, T, H>) -> Result<f64, EvalError> {
    let value = a.value(1)?;
    if let Value::Number(number) | Value::Date(number) = value {
        return Ok(number.trunc() % MODULUS);
    }
    let text = a.evaluator.text_of(&value);
    let number = a.evaluator.number_of(&value);
    if number::is_space_only(&text) || number.is_finite() {
        return Ok(number.trunc() % MODULUS);
    }
    let hash = Sha256::digest(text.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    Ok((i64::from_be_bytes(first) % 2_147_483_647) as f64)
}

/// The generator of Park and Miller.
struct Generator(f64);

impl Generator {
    fn new(seed: f64) -> Generator {
        let seed = if seed.is_finite() { seed } else { 0.0 };
        Generator(if seed <= 0.0 { seed + MODULUS - 1.0 } else { seed })
    }

    fn unit(&mut self) -> f64 {
        self.0 = self.0 * 16_807.0 % MODULUS;
        (self.0 - 1.0) / (MODULUS - 1.0)
    }
}

/// Fisher and Yates, inside out.
fn shuffle<N: Copy>(nodes: &[N], mut unit: impl FnMut() -> f64) -> Vec<N> {
    let mut shuffled: Vec<N> = Vec::with_capacity(nodes.len());
    for (index, node) in nodes.iter().enumerate() {
        let at = ((unit() * (index + 1) as f64).floor() as usize).min(index);
        shuffled.push(*node);
        shuffled.swap(at, index);
    }
    shuffled
}
