"""Prints examples/orders.csv: 300 made-up orders of a shop for clothes, and whether they were sent back.

Who orders several sizes of dresses or shoes sends much back, the more so the dearer, and less with the years as a
customer. Some fields are empty, as they are in real tables.
"""
import math
import random

draw = random.Random(19)
print("order,category,channel,country,price,sizes,years,returned")
for row in range(300):
    category = draw.choice(["dress", "shirt", "shoes", "socks"])
    channel = draw.choice(["app", "phone", "web"])
    country = draw.choice(["AT", "CH", "DE"])
    price = round(draw.uniform(1, 3) * {"dress": 40, "shirt": 20, "shoes": 45, "socks": 4}[category], 2)
    sizes = draw.choice([1, 1, 1, 2, 2, 3])
    years = draw.randrange(12)
    score = {"dress": 1, "shirt": -1, "shoes": 0.5, "socks": -3}[category] + 2 * (sizes - 1.5)
    score += 0.015 * (price - 60) - 0.2 * (years - 5)
    returned = "yes" if draw.random() < 1 / (1 + math.exp(-2 * score)) else "no"
    shown_years = "" if draw.random() < 0.1 else years
    shown_channel = "" if draw.random() < 0.05 else channel
    print(f"A{1000 + row},{category},{shown_channel},{country},{price},{sizes},{shown_years},{returned}")
