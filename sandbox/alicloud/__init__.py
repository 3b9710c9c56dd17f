"""Alibaba Cloud, as in https://www.alibabacloud.com/help: a file for each product, `api.py` for them all."""

from sandbox.alicloud.api import AlibabaCloud

API = AlibabaCloud
