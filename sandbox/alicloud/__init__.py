"""Alibaba Cloud CDN, as in https://www.alibabacloud.com/help/en/cdn/developer-reference/api-cdn-2018-05-10-overview."""

from sandbox.alicloud.api import AlibabaCloud

API = AlibabaCloud
