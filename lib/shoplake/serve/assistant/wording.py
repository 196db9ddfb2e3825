"""The assistant's sentences in English and Chinese; facts fill the braces."""

from __future__ import annotations

from collections.abc import Mapping

_EN = {
    "order": "Order {number} of {date}: {units} item(s), {total} in all, {status}.",
    "item": "{units} × “{name}”",
    "some_cancelled": "{cancelled} of them cancelled.",
    "parcel": "I cannot see the parcel itself.",
    "orders": "Your latest orders:",
    "no_orders": "I see no orders in your account.",
    "no_such_order": "I see no such order in your account.",
    "sign_in": "Please sign in first: I look up orders and suggestions for your own account alone.",
    "product": "“{name}” costs {price}.",
    "product_no_price": "I found “{name}”; its price is not known to me.",
    "about": "“{name}”: {text}",
    "stock_in stock": "“{name}” is in stock.",
    "stock_few left": "“{name}” is in stock, but there are few left.",
    "stock_sold out": "“{name}” is sold out at the moment.",
    "stock_unknown": "I cannot see the stock of “{name}”.",
    "not_described": "I find nothing more about that in our description.",
    "found": "This is what I found:",
    "no_product": "I am not sure which product you mean. Could you give me its name?",
    "recommend": "You might like:",
    "no_recommendations": "I have no suggestions for you yet.",
    "past": "A customer asked something like it before; the answer was: “{answer}”",
    "unknown": "I am not sure that I understand.",
    "unsure": "I am not sure that I understood you right.",
    "hand_over": "A colleague will take over from here.",
    "hello": "Hello! I can help with orders, products, stock and our rules.",
    "thanks": "Thank you, that is good to hear!",
    "review": "You can write your review on the product's page; thank you for taking the time.",
    "complaint": "I am sorry about that.",
    "placed": "placed",
    "partly cancelled": "partly cancelled",
    "cancelled": "cancelled",
}
_ZH = {
    "order": "订单 {number}（{date}）：共 {units} 件，合计 {total}，{status}。",
    "item": "{units} × “{name}”",
    "some_cancelled": "其中 {cancelled} 件已取消。",
    "parcel": "我看不到包裹本身的位置。",
    "orders": "您最近的订单：",
    "no_orders": "您的账户中没有订单。",
    "no_such_order": "您的账户中没有这样的订单。",
    "sign_in": "请先登录：我只能查询您所登录账户的订单和推荐。",
    "product": "“{name}”的价格是 {price}。",
    "product_no_price": "我找到了“{name}”，但不知道价格。",
    "about": "“{name}”：{text}",
    "stock_in stock": "“{name}”有货。",
    "stock_few left": "“{name}”有货，但所剩不多。",
    "stock_sold out": "“{name}”目前缺货。",
    "stock_unknown": "我看不到“{name}”的库存。",
    "not_described": "商品说明里没有更多相关信息。",
    "found": "我找到了这些：",
    "no_product": "我不确定您指的是哪件商品，请告诉我商品名称。",
    "recommend": "您可能会喜欢：",
    "no_recommendations": "暂时还没有给您的推荐。",
    "past": "以前有顾客问过类似的问题，回答是：“{answer}”",
    "unknown": "抱歉，我没有理解您的问题。",
    "unsure": "我不确定是否正确理解了您的意思。",
    "hand_over": "接下来由同事为您处理。",
    "hello": "您好！我可以帮您查询订单、商品、库存和规则。",
    "thanks": "谢谢，很高兴听到您这么说！",
    "review": "您可以在商品页面写评价，感谢您抽出时间。",
    "complaint": "对此我们非常抱歉。",
    "placed": "已下单",
    "partly cancelled": "部分取消",
    "cancelled": "已取消",
}
#: Intents that are answered by a sentence alone.
SPOKEN = {"greeting": "hello", "compliment": "thanks", "review": "review", "complaint": "complaint"}


def said(name: str, values: Mapping[str, str] | None = None, *, chinese: bool) -> str:
    """The sentence `name` with its braces filled."""
    return (_ZH if chinese else _EN)[name].format(**(values or {}))
