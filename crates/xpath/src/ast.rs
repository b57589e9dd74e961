//! The syntax tree of an expression: plain data, public, so that a form can see what an expression reads.

use crate::function::Function;

/// Any expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// `12.5`
    Number(f64),
    /// `'text'`
    Literal(Box<str>),
    /// `$name`
    Variable(Name),
    /// `-x`
    Negate(Box<Expression>),
    /// `a + b - c`: operators of one precedence, applied from the left. Never empty `rest`.
    ///
    /// A chain is flat, so that a sum of a thousand terms is not a tree a thousand deep.
    Chain {
        /// The leftmost operand.
        first: Box<Expression>,
        /// The operators that follow, each with its right-hand side.
        rest: Vec<(Operator, Expression)>,
    },
    /// `name(argument, …)`
    Call(Call),
    /// A location path, or another expression followed by predicates or steps.
    Path(Path),
}

/// A function call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The name as written.
    pub name: Name,
    /// The known function, or `None`: then evaluating the call fails.
    pub function: Option<Function>,
    /// The arguments, in order.
    pub arguments: Vec<Expression>,
}

/// A location path: where it starts, then steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// The number of this path in its [`Expr`](crate::Expr), counted from 0 in the order in which [`walk`](crate::walk)
    /// visits them. A host may keep a table of precompiled paths by this number
    /// (see [`Host::resolve`](crate::Host::resolve)).
    pub id: u32,
    /// Where the path starts.
    pub start: Start,
    /// The steps. Empty only for `/` and for a filtered expression such as `current()[1]`.
    pub steps: Vec<Step>,
}

/// Where a path starts.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// `a/b`: at the context node.
    Context,
    /// `/a/b`: at the root of the primary instance.
    Root,
    /// `instance('x')[1]/b`: at the nodes of an expression.
    Expression {
        /// What gives the nodes.
        expression: Box<Expression>,
        /// Predicates on these nodes.
        predicates: Vec<Expression>,
    },
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The direction.
    pub axis: Axis,
    /// Which nodes on the axis.
    pub test: Test,
    /// The predicates, applied one after the other.
    pub predicates: Vec<Expression>,
}

/// A node test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// `*`
    Any,
    /// `prefix:*`
    AnyIn(Box<str>),
    /// `name` or `prefix:name`
    Name(Name),
    /// `node()`
    Node,
    /// `text()`
    Text,
    /// `comment()`
    Comment,
    /// `processing-instruction('target')`
    Instruction(Option<Box<str>>),
}

/// A name, with its prefix ("" if none).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    /// The prefix as written, "" if none.
    pub prefix: Box<str>,
    /// The part after the colon.
    pub local: Box<str>,
}

/// The thirteen axes of XPath 1.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Axis {
    Ancestor,
    AncestorOrSelf,
    Attribute,
    Child,
    Descendant,
    DescendantOrSelf,
    Following,
    FollowingSibling,
    Namespace,
    Parent,
    Preceding,
    PrecedingSibling,
    SelfNode,
}

/// A binary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Union,
}

/// The precedence of unary minus: looser than union, tighter than multiplication.
pub(crate) const NEGATION: u8 = 7;

impl Operator {
    /// Whether it gives a number.
    pub(crate) fn is_arithmetic(self) -> bool {
        matches!(self, Self::Add | Self::Subtract | Self::Multiply | Self::Divide | Self::Modulo)
    }
}

impl Name {
    /// A name without prefix.
    pub fn local(local: &str) -> Name {
        Name { prefix: "".into(), local: local.into() }
    }
}

impl Axis {
    const ALL: [Axis; 13] = [
        Axis::Ancestor,
        Axis::AncestorOrSelf,
        Axis::Attribute,
        Axis::Child,
        Axis::Descendant,
        Axis::DescendantOrSelf,
        Axis::Following,
        Axis::FollowingSibling,
        Axis::Namespace,
        Axis::Parent,
        Axis::Preceding,
        Axis::PrecedingSibling,
        Axis::SelfNode,
    ];

    /// The axis as written before `::`.
    pub fn name(self) -> &'static str {
        match self {
            Axis::Ancestor => "ancestor",
            Axis::AncestorOrSelf => "ancestor-or-self",
            Axis::Attribute => "attribute",
            Axis::Child => "child",
            Axis::Descendant => "descendant",
            Axis::DescendantOrSelf => "descendant-or-self",
            Axis::Following => "following",
            Axis::FollowingSibling => "following-sibling",
            Axis::Namespace => "namespace",
            Axis::Parent => "parent",
            Axis::Preceding => "preceding",
            Axis::PrecedingSibling => "preceding-sibling",
            Axis::SelfNode => "self",
        }
    }

    /// The axis of this name.
    pub fn from_name(name: &str) -> Option<Axis> {
        Axis::ALL.into_iter().find(|axis| axis.name() == name)
    }

    /// Whether positions on this axis count away from the context node, against document order.
    pub fn is_reverse(self) -> bool {
        matches!(
            self,
            Axis::Ancestor | Axis::AncestorOrSelf | Axis::Preceding | Axis::PrecedingSibling
        )
    }
}

impl Operator {
    /// The operator as written.
    pub fn symbol(self) -> &'static str {
        match self {
            Operator::Or => "or",
            Operator::And => "and",
            Operator::Equal => "=",
            Operator::NotEqual => "!=",
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "div",
            Operator::Modulo => "mod",
            Operator::Union => "|",
        }
    }

    /// How tightly the operator binds: higher is tighter. Unary minus is between multiplication and union.
    pub fn precedence(self) -> u8 {
        match self {
            Operator::Or => 1,
            Operator::And => 2,
            Operator::Equal | Operator::NotEqual => 3,
            Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => 4,
            Operator::Add | Operator::Subtract => 5,
            Operator::Multiply | Operator::Divide | Operator::Modulo => 6,
            Operator::Union => 8,
        }
    }
}
