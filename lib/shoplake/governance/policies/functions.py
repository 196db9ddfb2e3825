"""The functions a role may call: those that read nothing but their arguments.

A list of what is allowed, as a list of what is not would miss the next one: Spark alone can call
Java, read files, secrets and web services from a SELECT.
"""

from __future__ import annotations

from sqlglot import expressions as exp

#: Functions of sqlglot's by the name of their class.
_CLASSES = """
    Abs Acos AddMonths And AnyValue ApproxDistinct ApproxQuantile ArgMax ArgMin Array ArrayAgg
    ArrayAll ArrayAny ArrayAppend ArrayCompact ArrayConcat ArrayContains ArrayDistinct ArrayExcept
    ArrayFilter ArrayFirst ArrayIntersect ArrayLast ArrayMax ArrayMin ArrayOverlaps ArrayPosition
    ArrayPrepend ArrayRemove ArrayReverse ArraySize ArraySlice ArraySort ArraySum ArrayToString
    ArraysZip Ascii Asin Atan Atan2 Avg BitLength Case Cast Cbrt Ceil Chr Coalesce Concat ConcatWs
    Contains Corr Cos Cot Count CountIf CovarPop CovarSamp CumeDist CurrentDate CurrentTime
    CurrentTimestamp Date DateAdd DateBin DateDiff DateFromParts DateSub DateTrunc Day DayOfMonth
    DayOfWeek DayOfYear Dayname Degrees DenseRank EndsWith Exists Exp Explode Extract First
    FirstValue Floor Format GenerateDateArray GenerateSeries GenerateTimestampArray Greatest
    GroupConcat Grouping GroupingId Hex Hour If Initcap IsInf IsNan JSONExtract JSONExtractScalar
    Kurtosis Lag Last LastDay LastValue Lead Least Left Length Levenshtein List Ln Log LogicalAnd
    LogicalOr Lower LowerHex MD5 Map MapFromEntries MapKeys Max Median Min Minute Mode Month
    Monthname MonthsBetween Nanvl NthValue Ntile Nullif Nvl2 Or Pad ParseJSON PercentRank
    PercentileCont PercentileDisc Pi Posexplode Pow Quantile Quarter Radians Rank Reduce RegexpCount
    RegexpExtract RegexpExtractAll RegexpILike RegexpLike RegexpReplace RegexpSplit Repeat Replace
    Reverse Right Round RowNumber SHA SHA2 SafeDivide Second Sign Sin Skewness Soundex Space
    Split SplitPart Sqrt StartsWith Stddev StddevPop StddevSamp StrPosition StrToDate StrToTime
    StrToUnix Struct StructExtract Substring SubstringIndex Sum Tan TimeAdd TimeDiff TimeSub
    TimeStrToTime TimeToStr TimeToUnix Timestamp TimestampAdd TimestampDiff TimestampSub
    TimestampTrunc ToArray ToChar ToMap ToNumber Transform Translate Trim Trunc TryCast TsOrDsAdd
    TsOrDsDiff TsOrDsToDate TsOrDsToTime TsOrDsToTimestamp Typeof UnixDate UnixSeconds UnixToTime
    Unnest Upper VarMap Variance VariancePop Week WeekOfYear WidthBucket Xor Year
"""
_KNOWN = frozenset(_CLASSES.split())
#: Functions that sqlglot has no class for.
_NAMES = frozenset({"array_has", "array_length", "bround", "cardinality", "date_part", "pmod"})


def is_plain(function: exp.Func) -> bool:
    """Whether it reads nothing but its arguments."""
    if isinstance(function, exp.Anonymous):
        return str(function.this).lower() in _NAMES
    return type(function).__name__ in _KNOWN
