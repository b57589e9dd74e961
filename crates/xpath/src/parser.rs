//! From tokens to syntax tree: precedence climbing, with a bound on nesting.

use crate::{
    ast::{Axis, Call, Expression, NEGATION, Name, Operator, Path, Start, Step, Test},
    error::{ParseError, ParseErrorKind},
    function::Function,
    lexer::{self, Sign, Token},
};

/// How deep parentheses, brackets, arguments and right-hand sides may nest, so that no text overflows the stack.
const DEPTH: usize = 200;
/// The longest text, in bytes.
const LENGTH: usize = 1 << 20;

/// Parses a whole text.
pub(crate) fn parse(text: &str) -> Result<Expression, ParseError> {
    if text.len() > LENGTH {
        return Err(ParseError { offset: LENGTH, kind: ParseErrorKind::TooLong });
    }
    let tokens = lexer::tokens(text)?;
    let mut parser = Parser { text, tokens, at: 0, depth: 0 };
    let expression = parser.expression(0)?;
    if parser.at < parser.tokens.len() {
        return Err(parser.unexpected());
    }
    Ok(expression)
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token<'t>>,
    at: usize,
    depth: usize,
}

type Parsed<T> = Result<T, ParseError>;

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<Sign<'t>> {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> Option<Sign<'t>> {
        self.tokens.get(self.at + ahead).map(|token| token.sign)
    }

    fn eat(&mut self, sign: Sign) -> bool {
        let found = self.peek() == Some(sign);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: Sign) -> Parsed<()> {
        if self.eat(sign) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// The error that the token at hand cannot stand here.
    fn unexpected(&self) -> ParseError {
        let Some(token) = self.tokens.get(self.at) else {
            return ParseError { offset: self.text.len(), kind: ParseErrorKind::End };
        };
        let end = self.tokens.get(self.at + 1).map_or(self.text.len(), |next| next.offset);
        let word = self.text.get(token.offset..end).unwrap_or_default().trim();
        ParseError {
            offset: token.offset,
            kind: ParseErrorKind::Unexpected(word.chars().take(40).collect()),
        }
    }

    /// Runs one more level of nesting.
    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == DEPTH {
            let offset = self.tokens.get(self.at).map_or(self.text.len(), |token| token.offset);
            return Err(ParseError { offset, kind: ParseErrorKind::TooDeep });
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    /// An expression of operators that bind at least this tightly.
    fn expression(&mut self, least: u8) -> Parsed<Expression> {
        let mut left = self.operand(least)?;
        while let Some(Sign::Operator(operator)) = self.peek() {
            let precedence = operator.precedence();
            if precedence < least {
                break;
            }
            self.at += 1;
            let right = self.deeper(|p| p.expression(precedence + 1))?;
            left = chain(left, operator, right);
        }
        Ok(left)
    }

    /// A path, with a minus in front unless it is an operand of something that binds tighter than minus: `1 | -1`.
    fn operand(&mut self, least: u8) -> Parsed<Expression> {
        if least > NEGATION || !self.eat(Sign::Operator(Operator::Subtract)) {
            return self.path();
        }
        let inner = self.deeper(|p| p.expression(NEGATION))?;
        Ok(Expression::Negate(Box::new(inner)))
    }

    fn path(&mut self) -> Parsed<Expression> {
        let mut steps = Vec::new();
        let start = match self.peek() {
            Some(Sign::Slash) => {
                self.at += 1;
                if self.at_step() {
                    self.steps(&mut steps)?;
                }
                Start::Root
            }
            Some(Sign::SlashSlash) => {
                self.at += 1;
                steps.push(anywhere_below());
                self.steps(&mut steps)?;
                Start::Root
            }
            _ if self.at_primary() => {
                let primary = self.primary()?;
                let predicates = self.predicates()?;
                let more = self.separator(&mut steps);
                if more {
                    self.steps(&mut steps)?;
                } else if predicates.is_empty() {
                    return Ok(primary);
                }
                Start::Expression { expression: Box::new(primary), predicates }
            }
            _ => {
                self.steps(&mut steps)?;
                Start::Context
            }
        };
        Ok(Expression::Path(Path { id: 0, start, steps }))
    }

    /// Whether an operand that is no location path begins here.
    fn at_primary(&self) -> bool {
        match self.peek() {
            Some(Sign::Open | Sign::Dollar | Sign::Number(_) | Sign::Literal(_)) => true,
            Some(Sign::Name(prefix, local)) => {
                self.peek_at(1) == Some(Sign::Open) && !is_node_type(prefix, local)
            }
            _ => false,
        }
    }

    /// Whether a step begins here; a lone `/` is followed by none.
    fn at_step(&self) -> bool {
        matches!(
            self.peek(),
            Some(
                Sign::Dot
                    | Sign::DotDot
                    | Sign::At
                    | Sign::Star
                    | Sign::PrefixStar(_)
                    | Sign::Name(..)
            )
        )
    }

    fn primary(&mut self) -> Parsed<Expression> {
        let Some(token) = self.tokens.get(self.at) else { return Err(self.unexpected()) };
        match token.sign {
            Sign::Open => {
                self.at += 1;
                let inner = self.deeper(|p| p.expression(0))?;
                self.expect(Sign::Close)?;
                Ok(inner)
            }
            Sign::Dollar => {
                self.at += 1;
                let Some(Sign::Name(prefix, local)) = self.peek() else {
                    return Err(self.unexpected());
                };
                self.at += 1;
                Ok(Expression::Variable(name(prefix, local)))
            }
            Sign::Number(number) => {
                self.at += 1;
                Ok(Expression::Number(number))
            }
            Sign::Literal(text) => {
                self.at += 1;
                Ok(Expression::Literal(text.into()))
            }
            Sign::Name(prefix, local) => {
                self.at += 2;
                let arguments = self.arguments()?;
                let name = name(prefix, local);
                let function = Function::from_name(&name.to_string());
                Ok(Expression::Call(Call { name, function, arguments }))
            }
            _ => Err(self.unexpected()),
        }
    }

    /// The arguments of a call and the closing parenthesis.
    fn arguments(&mut self) -> Parsed<Vec<Expression>> {
        let mut arguments = Vec::new();
        if self.eat(Sign::Close) {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.deeper(|p| p.expression(0))?);
            if !self.eat(Sign::Comma) {
                break;
            }
        }
        self.expect(Sign::Close)?;
        Ok(arguments)
    }

    fn predicates(&mut self) -> Parsed<Vec<Expression>> {
        let mut predicates = Vec::new();
        while self.eat(Sign::OpenBracket) {
            predicates.push(self.deeper(|p| p.expression(0))?);
            self.expect(Sign::CloseBracket)?;
        }
        Ok(predicates)
    }

    /// `/` or `//` between steps; the latter is a step of its own.
    fn separator(&mut self, steps: &mut Vec<Step>) -> bool {
        if self.eat(Sign::SlashSlash) {
            steps.push(anywhere_below());
            return true;
        }
        self.eat(Sign::Slash)
    }

    fn steps(&mut self, steps: &mut Vec<Step>) -> Parsed<()> {
        loop {
            let step = self.step()?;
            steps.push(step);
            if !self.separator(steps) {
                return Ok(());
            }
        }
    }

    fn step(&mut self) -> Parsed<Step> {
        if self.eat(Sign::Dot) {
            // `.[x]` is not XPath 1.0, but every ODK engine takes it.
            return self.finish_step(Axis::SelfNode, Test::Node);
        }
        if self.eat(Sign::DotDot) {
            return self.finish_step(Axis::Parent, Test::Node);
        }
        let axis = if self.eat(Sign::At) {
            Axis::Attribute
        } else if let (Some(Sign::Name(prefix, local)), Some(Sign::ColonColon)) =
            (self.peek(), self.peek_at(1))
        {
            let axis = Axis::from_name(local).filter(|_| prefix.is_empty());
            let Some(axis) = axis else {
                let kind = ParseErrorKind::UnknownAxis(name(prefix, local).to_string());
                let offset = self.tokens.get(self.at).map_or(0, |token| token.offset);
                return Err(ParseError { offset, kind });
            };
            self.at += 2;
            axis
        } else {
            Axis::Child
        };
        let test = self.test()?;
        self.finish_step(axis, test)
    }

    fn finish_step(&mut self, axis: Axis, test: Test) -> Parsed<Step> {
        Ok(Step { axis, test, predicates: self.predicates()? })
    }

    fn test(&mut self) -> Parsed<Test> {
        let Some(sign) = self.peek() else { return Err(self.unexpected()) };
        let test = match sign {
            Sign::Star => Test::Any,
            Sign::PrefixStar(prefix) => Test::AnyIn(prefix.into()),
            Sign::Name(prefix, local) if self.peek_at(1) == Some(Sign::Open) => {
                return self.node_type(prefix, local);
            }
            Sign::Name(prefix, local) => Test::Name(name(prefix, local)),
            _ => return Err(self.unexpected()),
        };
        self.at += 1;
        Ok(test)
    }

    /// `node()`, `text()`, `comment()`, `processing-instruction('target')`.
    fn node_type(&mut self, prefix: &str, local: &str) -> Parsed<Test> {
        if !is_node_type(prefix, local) {
            return Err(self.unexpected());
        }
        self.at += 2;
        let test = match local {
            "node" => Test::Node,
            "text" => Test::Text,
            "comment" => Test::Comment,
            _ => match self.peek() {
                Some(Sign::Literal(target)) => {
                    self.at += 1;
                    Test::Instruction(Some(target.into()))
                }
                _ => Test::Instruction(None),
            },
        };
        self.expect(Sign::Close)?;
        Ok(test)
    }
}

fn is_node_type(prefix: &str, local: &str) -> bool {
    prefix.is_empty() && matches!(local, "node" | "text" | "comment" | "processing-instruction")
}

fn name(prefix: &str, local: &str) -> Name {
    Name { prefix: prefix.into(), local: local.into() }
}

/// The step that `//` stands for.
fn anywhere_below() -> Step {
    Step { axis: Axis::DescendantOrSelf, test: Test::Node, predicates: Vec::new() }
}

/// `left operator right`, as one flat chain with operators of the same precedence.
fn chain(left: Expression, operator: Operator, right: Expression) -> Expression {
    match left {
        Expression::Chain { first, mut rest }
            if rest.first().is_some_and(|(op, _)| op.precedence() == operator.precedence()) =>
        {
            rest.push((operator, right));
            Expression::Chain { first, rest }
        }
        left => Expression::Chain { first: Box::new(left), rest: vec![(operator, right)] },
    }
}
